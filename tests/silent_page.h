/*
 * For system tests: a page that never comes. It lies in a file of a file system whose server, a
 * process of ours, answers everything but reading. Mounted in a mount namespace of the one process
 * that uses it, and gone with the server.
 */
#ifndef DAVY_TESTS_SILENT_PAGE_H
#define DAVY_TESTS_SILENT_PAGE_H

#include <sys/types.h>

struct silent_page {
	pid_t server; /* end it, and whoever waits for the page goes on with an error */
	void *at;     /* one page, mapped to be read */
};

enum { SILENT_PAGE_BYTES = 4096 };

/*
 * To be called in a child, which is moved to a mount namespace of its own; the server ends with it.
 *
 * folder:  is mounted over, in that namespace
 * returns: 0 or a negative errno: no /dev/fuse, no right to mount
 */
int silent_page_map(const char *folder, struct silent_page *out);

#endif
