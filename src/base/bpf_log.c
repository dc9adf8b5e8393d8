#include "base/bpf_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

/* The one exception to "no mutable globals": libbpf's print hook takes no context. */
static _Thread_local struct error *kept;

static int keep_first(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN && kept && !kept->text[0])
		vsnprintf(kept->text, sizeof(kept->text), format, arguments);
	return 0;
}

void bpf_log_begin(struct error *why)
{
	if (why)
		why->text[0] = 0;
	kept = why;
	libbpf_set_print(keep_first);
}

int bpf_log_end(struct error *why, int failed, const char *what)
{
	char said[160] = "";

	kept = NULL;
	if (!failed || !why)
		return failed;
	snprintf(said, sizeof(said), "%.159s", why->text);
	said[strcspn(said, "\n")] = 0;
	/* Without the right to load anything it guesses at reasons for a paragraph. */
	if (strstr(said, "bpf_object__probe_loading"))
		said[0] = 0;
	return error_set(why, failed, "%s: %s%s%s", what, strerror(-failed), said[0] ? "; " : "",
			 said);
}
