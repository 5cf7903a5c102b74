/* build: -static -nostdlib -fno-stack-protector
 * A program without a C library that makes an exact number of system calls from its first instruction on, and ends at
 * once: 23 getppid, 17 getuid, 5 writes of one byte, 1 exit_group. With an argument each of them so many times more
 * often (its first digit), but the last.
 */
#if defined(__x86_64__)
static long ask(long call, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(call), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}
enum { WRITE = 1, GETUID = 102, GETPPID = 110, EXIT_GROUP = 231 };
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#else
static long ask(long call, long a, long b, long c)
{
    register long x8 __asm__("x8") = call, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
enum { WRITE = 64, GETUID = 174, GETPPID = 173, EXIT_GROUP = 94 };
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x0, sp\n bl begin\n");
#endif

__attribute__((used, noreturn)) void begin(long *stack)
{
    long times = stack[0] > 1 ? ((char **)(stack + 1))[1][0] - '0' : 1;
    for (long turn = 0; turn < times; turn++) {
        for (int i = 0; i < 23; i++)
            ask(GETPPID, 0, 0, 0);
        for (int i = 0; i < 17; i++)
            ask(GETUID, 0, 0, 0);
        for (int i = 0; i < 5; i++)
            ask(WRITE, 1, (long)"x", 1);
    }
    ask(EXIT_GROUP, 0, 0, 0);
    __builtin_unreachable();
}
