/*
 * pause holds a pod's namespaces open: it waits, reaps what is reparented to it when it is PID 1 of a shared PID
 * namespace, and leaves on SIGINT or SIGTERM. No libc: it is the first program of every pod, and its pages are the
 * price of each one.
 *
 * The signals are blocked and waited for instead of handled. The kernel drops a signal with default action that is sent to
 * a namespace's init, but never one that is blocked, so this needs neither handlers nor the restorer they would need.
 */

#if !defined(__x86_64__)
#error "pause: only amd64 so far"
#endif

enum {
	SYS_rt_sigprocmask = 14,
	SYS_exit_group = 231,
	SYS_wait4 = 61,
	SYS_rt_sigtimedwait = 128,
};
enum { SIGINT_ = 2, SIGTERM_ = 15, SIGCHLD_ = 17 };
enum { SIG_BLOCK_ = 0, WNOHANG_ = 1 };

static long call(long n, long a, long b, long c, long d)
{
	long ret;
	register long r10 __asm__("r10") = d;
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

__attribute__((noreturn, used)) void pause_main(void)
{
	const unsigned long set = 1UL << (SIGINT_ - 1) | 1UL << (SIGTERM_ - 1) | 1UL << (SIGCHLD_ - 1);

	call(SYS_rt_sigprocmask, SIG_BLOCK_, (long)&set, 0, sizeof set);
	for (;;) {
		/* also before the first wait: a child may have died before the signals were blocked */
		while (call(SYS_wait4, -1, 0, WNOHANG_, 0) > 0)
			;
		long sig = call(SYS_rt_sigtimedwait, (long)&set, 0, 0, sizeof set);
		if (sig == SIGINT_ || sig == SIGTERM_)
			break;
	}
	for (;;)
		call(SYS_exit_group, 0, 0, 0, 0);
}

/* The kernel enters with an aligned stack; a call keeps the ABI's view of it. */
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tcall pause_main\n");
