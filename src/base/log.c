#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void log_line(int priority, const char *format, va_list arguments)
{
	char line[1024];
	int start = isatty(STDERR_FILENO) ? snprintf(line, sizeof(line), "davy: ")
					  : snprintf(line, sizeof(line), "<%d>davy: ", priority);
	size_t room = sizeof(line) - (size_t)start - 1;
	int len = vsnprintf(line + start, room, format, arguments);
	size_t total = (size_t)start + (len < 0 ? 0 : (size_t)len < room ? (size_t)len : room - 1);

	line[total++] = '\n';
	/* one write a line, so that lines of several processes do not mix */
	if (write(STDERR_FILENO, line, total) < 0)
		return;
}

#define DEFINE_LOG(name, priority)                     \
	void name(const char *format, ...)             \
	{                                              \
		va_list arguments;                     \
		va_start(arguments, format);           \
		log_line(priority, format, arguments); \
		va_end(arguments);                     \
	}
DEFINE_LOG(log_error, 3)
DEFINE_LOG(log_warn, 4)
DEFINE_LOG(log_info, 6)

void log_debug(const char *format, ...)
{
	va_list arguments;

	if (!getenv("DAVY_DEBUG"))
		return;
	va_start(arguments, format);
	log_line(7, format, arguments);
	va_end(arguments);
}
