#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *why, int code, const char *format, ...)
{
	va_list arguments;

	if (why) {
		va_start(arguments, format);
		vsnprintf(why->text, sizeof(why->text), format, arguments);
		va_end(arguments);
	}
	return code;
}
