/*
 * What a type of machine is made of and what an hour of it costs: a table from a text file, ours
 * (computing_prices.txt, built in) or the user's. A finding tells a price only from here and
 * always beside the table's date; what is not in it is unknown and never guessed.
 *
 * A file is text, one row a line; # begins a comment, and before the first row four comments must
 * say where the figures come from (as in lists/pool_list.h): name, source, date, licence.
 *
 *     # PROVIDER TYPE VCPU GPU USD_PER_HOUR       - is unknown
 *     aws p3.16xlarge 64 8 24.48                  a type by its whole name
 *     aws *.2xlarge 8 - -                         every type with that end
 *     aws c6i.* - 0 0.0425/vcpu                   every type with that start; a price per vCPU
 *
 * Each of the three figures is taken from the first row that has it: the whole name, else the
 * longest start, else the longest end. Names are compared without regard to case.
 */
#ifndef DAVY_LISTS_COMPUTING_PRICES_H
#define DAVY_LISTS_COMPUTING_PRICES_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "model/record.h"

enum { PRICE_ROWS_MAX = 8192, PRICE_TYPE_MAX = 64, PRICE_FILE_MAX = 4 << 20 };

struct computing_prices;

/* Of one machine; below 0: unknown. */
struct computing_price {
	double vcpu, gpu, usd_per_hour;
};

/*
 * Read a file, whole or not at all.
 *
 * file:    its name, for messages
 * returns: 0; -EINVAL with "file:line: what is wrong; what to do"; -ENOMEM
 */
must_check int computing_prices_read(const char *file, struct str text,
				     struct computing_prices **out, struct error *why);
must_check int computing_prices_built_in(struct computing_prices **out); /* 0 or -ENOMEM */
void computing_prices_free(struct computing_prices *prices);		 /* NULL is allowed */

/*
 * One type's figures. Where no row tells the vCPUs, the provider's own way of naming does: Azure
 * (Standard_D16s_v5) and Google (n2-standard-8, n2-custom-8-16384) write them into the name.
 */
struct computing_price computing_prices_find(const struct computing_prices *prices,
					     enum record_provider provider, struct str type);

struct str computing_prices_name(const struct computing_prices *prices);
struct str computing_prices_date(const struct computing_prices *prices); /* "2026-02-09" */

#endif
