/* How text for people is to look: decided once, by the program, from its terminal and NO_COLOR. */
#ifndef DAVY_REPORT_STYLE_H
#define DAVY_REPORT_STYLE_H

#include <stdbool.h>
#include <stdint.h>

struct report_style {
	bool colour;
	uint16_t columns; /* wrap at this width; 0: no terminal, never wrap */
};

#endif
