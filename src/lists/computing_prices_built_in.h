/* The lines of computing_prices.txt, put into the program by src/lists/meson.build. */
#ifndef DAVY_LISTS_COMPUTING_PRICES_BUILT_IN_H
#define DAVY_LISTS_COMPUTING_PRICES_BUILT_IN_H

extern const char *const computing_prices_lines[]; /* ends with NULL */

#endif
