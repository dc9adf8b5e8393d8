/*
 * What a perf sample of ours holds, in the kernel's order (perf_event_open(2)): asked for by the
 * side with rights, read by the worker.
 *
 *   u64 ip, u32 pid, tid, u64 time, u32 cpu, reserved, u64 abi [, u64 register if abi] [, u64
 * cgroup]
 */
#ifndef DAVY_SOURCE_HOST_PERF_SAMPLE_H
#define DAVY_SOURCE_HOST_PERF_SAMPLE_H

#include <asm/perf_regs.h>
#include <linux/perf_event.h>

#if defined(__x86_64__)
#define PERF_SAMPLE_IP_REGISTER PERF_REG_X86_IP
#elif defined(__aarch64__)
#define PERF_SAMPLE_IP_REGISTER PERF_REG_ARM64_PC
#else
#error "which register does perf keep the instruction's address in?"
#endif

#define PERF_SAMPLE_FIXED                                                        \
	(PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | \
	 PERF_SAMPLE_REGS_USER)

#endif
