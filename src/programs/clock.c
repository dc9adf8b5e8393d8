#include "programs/clock.h"

#include <time.h>

static instant read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return instant_at(now.tv_sec, now.tv_nsec);
}

instant clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

instant clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

instant clock_boottime(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

instant clock_worked(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
