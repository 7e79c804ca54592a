// Runs a command and interferes with the N-th of its system calls that change files: kills it just
// before the call, or lets the call fail with an error of the kernel's.
//
//   interrupt kill|ERRNO N COUNT_FILE COMMAND ARGUMENT...
//
// N is counted from 1 over all threads; 0 interferes with none. How many such calls there were is written to
// COUNT_FILE. Ends as the command did, with 137 when it was killed.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if !defined(PTRACE_GET_SYSCALL_INFO) && !defined(__GLIBC__)
#define PTRACE_GET_SYSCALL_INFO 0x420e
#endif

// The layout of linux/ptrace.h, whose name differs between C libraries.
struct info {
    unsigned char op;
    unsigned char pad[3];
    unsigned int arch;
    unsigned long long instruction_pointer, stack_pointer;
    unsigned long long number, arguments[6];
};

// Tells whether a call changes files, and is not one to standard output or error.
static int changes_files(const struct info *call) {
    switch (call->number) {
    case SYS_write:
    case SYS_pwrite64:
    case SYS_writev:
        return call->arguments[0] > 2;
    case SYS_openat:
        return (call->arguments[2] & (O_CREAT | O_TMPFILE | O_TRUNC)) & ~O_DIRECTORY;
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_ftruncate:
    case SYS_fchmod:
    case SYS_renameat2:
    case SYS_linkat:
    case SYS_unlinkat:
    case SYS_mkdirat:
#ifdef SYS_open
    case SYS_rename:
    case SYS_renameat:
    case SYS_link:
    case SYS_unlink:
    case SYS_mkdir:
    case SYS_rmdir:
#endif
        return 1;
    default:
        return 0;
    }
}

static void fail_call(pid_t thread, int error, int is_entry) {
#if defined(__x86_64__)
    struct user_regs_struct registers;
    ptrace(PTRACE_GETREGS, thread, 0, &registers);
    if (is_entry) {
        registers.orig_rax = (unsigned long long)-1;
    } else {
        registers.rax = (unsigned long long)(long long)-error;
    }
    ptrace(PTRACE_SETREGS, thread, 0, &registers);
#else
    (void)thread, (void)error, (void)is_entry;
    fprintf(stderr, "interrupt: calls can be made to fail on x86-64 only\n");
    exit(99);
#endif
}

int main(int count, char **arguments) {
    if (count < 5) return 99;
    int is_kill = strcmp(arguments[1], "kill") == 0;
    int error = is_kill ? 0 : atoi(arguments[1]);
    long wanted = atol(arguments[2]), seen = 0;
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(arguments[4], arguments + 4);
        _exit(99);
    }
    int status;
    waitpid(child, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child, 0,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    pid_t failing = 0;
    int ended = 99;
    for (;;) {
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0) break;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (thread == child) {
                ended = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            }
            continue;
        }
        int signal = WSTOPSIG(status);
        int delivered = 0;
        if (signal == (SIGTRAP | 0x80)) {
            struct info call;
            memset(&call, 0, sizeof call);
            ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof call, &call);
            if (call.op == 1 && changes_files(&call) && ++seen == wanted) {
                if (is_kill) {
                    kill(child, SIGKILL);
                } else {
                    fail_call(thread, error, 1);
                    failing = thread;
                }
            } else if (call.op == 2 && failing == thread) {
                fail_call(thread, error, 0);
                failing = 0;
            }
        } else if (signal != SIGTRAP && signal != SIGSTOP) {
            delivered = signal;
        }
        ptrace(PTRACE_SYSCALL, thread, 0, delivered);
    }
    FILE *told = fopen(arguments[3], "w");
    if (told) {
        fprintf(told, "%ld\n", seen);
        fclose(told);
    }
    return ended;
}
