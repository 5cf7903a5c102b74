"""Which container a process is in, by the lines that each maker is known to write."""

import pytest

from perfdoctor.collectors.backends.proc.cgroup import Container, parse

ID = "3f4e5d6a7b8c" + "0123456789abcdef" * 3 + "0123"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"0::/system.slice/docker-{ID}.scope\n", Container("docker", ID)),
        (
            f"12:memory:/docker/{ID}\n11:cpu:/docker/{ID}\n0::/system.slice/containerd.service\n",
            Container("docker", ID),
        ),
        (
            f"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7d9f.slice/cri-containerd-{ID}.scope\n",
            Container("containerd", ID),
        ),
        (f"5:cpu:/kubepods/besteffort/pod7d9f/{ID}\n", Container("kubernetes", ID)),
        (f"0::/user.slice/user-1000.slice/user@1000.service/libpod-{ID}.scope/container\n", Container("podman", ID)),
        (f"0::/kubepods.slice/crio-{ID}.scope\n", Container("cri-o", ID)),
        ("0::/lxc.payload.shop/system.slice/shop.service\n", Container("lxc", "shop")),
        ("9:cpu:/lxc/shop\n", Container("lxc", "shop")),
        ("0::/machine.slice/systemd-nspawn@shop.service/payload\n", Container("nspawn", "shop")),
    ],
)
def test_containers(text: str, expected: Container) -> None:
    assert parse(text.encode()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "0::/\n",
        "0::/user.slice/user-1000.slice/session-3.scope\n",
        "0::/system.slice/docker.service\n",  # docker itself
        "4:memory:/jobs/c0ad91639c517a8128e1d13c7b2f0a64\n",  # an id, but not of a container
        f"0::/system.slice/a{ID}.scope\n",  # longer than an id
    ],
)
def test_what_looks_like_one_but_is_none(text: str) -> None:
    assert parse(text.encode()) is None
