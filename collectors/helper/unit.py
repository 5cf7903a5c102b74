"""The systemd units of the helper, and why each capability is in them (docs/helper.md says it for people)."""

CAPABILITIES = {
    "CAP_BPF": "load our BPF programs and make their tables",
    "CAP_PERFMON": "attach them to tracepoints, probes and the clock, and read the target's memory from there",
    "CAP_SYS_PTRACE": "look at whose a process is, and open /proc/PID/mem where Yama forbids it to its own user",
    "CAP_DAC_READ_SEARCH": "/proc/PID/mem and the files that are probed belong to their users",
    "CAP_SYSLOG": "read the names of the kernel's functions (/proc/kallsyms)",
}
NAME = "perfdoctor-helper"
FOLDER = "/usr/libexec/perfdoctor-helper"
PROGRAM = f"{FOLDER}/perfdoctor/collectors/helper/main.py"

SOCKET_UNIT = """\
[Unit]
Description=Socket of perfdoctor's privileged helper

[Socket]
ListenSequentialPacket=/run/perfdoctor/helper.sock
DirectoryMode=0755
# Who may come in is said by /etc/perfdoctor/helper.toml, by the kernel's word for who it is.
SocketMode=0666

[Install]
WantedBy=sockets.target
"""

_SERVICE = """\
[Unit]
Description=perfdoctor's privileged helper
Requires={name}.socket
After={name}.socket

[Service]
ExecStart={python} -I -S {program}
# No root: a user of its own with these capabilities, to which it can add none. (It hands three on to
# bpftrace, where /etc/perfdoctor/helper.toml lets anybody have programs run, and else none to anybody.)
DynamicUser=yes
AmbientCapabilities={capabilities}
CapabilityBoundingSet={capabilities}
NoNewPrivileges=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictNamespaces=yes
KeyringMode=private
UMask=0077

# It writes nothing. Files of a target are reached through /proc/PID/root, so our own view may be empty.
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateIPC=yes
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectClock=yes
ProtectHostname=yes
# (In place of ProtectKernelTunables= and ProtectKernelLogs=, which would hide /proc/kallsyms and take CAP_SYSLOG.)
ReadOnlyPaths=/sys /proc/sys
InaccessiblePaths=-/proc/kcore -/proc/kmsg -/dev/kmsg

# It speaks to the socket that systemd gives it, and to nobody else.
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
IPAddressDeny=any
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@chown @clock @cpu-emulation @debug @keyring @module @mount @obsolete @raw-io @reboot @setuid @swap
SystemCallFilter=bpf perf_event_open
SystemCallErrorNumber=EPERM

# A window's tables take some 30 MiB, which the kernel counts here.
MemoryMax=2G
TasksMax=1200
LimitNOFILE=8192
LimitMEMLOCK=1G
LimitCORE=0
OOMPolicy=kill
TimeoutStopSec=5
"""


def service_unit(python: str) -> str:
    """``python``: the interpreter's path, which only root may write."""
    return _SERVICE.format(name=NAME, python=python, program=PROGRAM, capabilities=" ".join(CAPABILITIES))
