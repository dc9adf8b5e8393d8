/* The clocks that programs read; everything below them is given the time (base/instant.h). */
#ifndef DAVY_PROGRAMS_CLOCK_H
#define DAVY_PROGRAMS_CLOCK_H

#include "base/instant.h"

instant clock_wall(void);      /* UTC: what packets, findings and the store are stamped with */
instant clock_worked(void);    /* of this thread: what it had of the processors */
instant clock_monotonic(void); /* since boot: for waiting and rates */
instant clock_boottime(void);  /* the same, and while the machine sleeps, too: for ages */

#endif
