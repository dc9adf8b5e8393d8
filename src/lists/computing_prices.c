#include "lists/computing_prices.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lists/computing_prices_built_in.h"
#include "lists/list_text.h"

enum { SAID_MAX = 400, FIELDS = 5 };

enum match { MATCH_WHOLE, MATCH_START, MATCH_END };

struct row {
	enum record_provider provider;
	enum match match;
	char type[PRICE_TYPE_MAX]; /* without the * */
	uint8_t len;
	bool is_per_vcpu;
	struct computing_price price;
};

struct computing_prices {
	struct row *rows;
	size_t count, cap;
	char name[SAID_MAX + 1], date[16];
};

struct file_reader {
	struct computing_prices *prices;
	struct list_text text;
};

static int refuse(const struct file_reader *in, const char *what)
{
	return list_text_refuse(&in->text, what);
}

static void keep(char *out, size_t cap, struct str text)
{
	size_t len = text.len < cap - 1 ? text.len : cap - 1;

	if (len > 0)
		memcpy(out, text.at, len);
	out[len] = 0;
}

/* The next word; false when there is none. */
static bool next_word(struct str *line, struct str *word)
{
	*line = str_trim(*line);
	size_t len = 0;

	while (len < line->len && line->at[len] != ' ' && line->at[len] != '\t')
		len++;
	*word = str_sub(*line, 0, len);
	*line = str_skip(*line, len);
	return len > 0;
}

static bool read_provider(struct str word, enum record_provider *out)
{
	static const struct {
		const char *name;
		enum record_provider provider;
	} names[] = {{"aws", PROVIDER_AWS}, {"azure", PROVIDER_AZURE}, {"gcp", PROVIDER_GCP}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!str_equal(word, str_from(names[i].name)))
			continue;
		*out = names[i].provider;
		return true;
	}
	return false;
}

/* A number from 0 to a million, or "-". */
static bool read_figure(struct str word, double *out)
{
	if (str_equal(word, STR("-"))) {
		*out = -1;
		return true;
	}
	return str_to_double(word, out) && *out >= 0 && *out <= 1e6;
}

static bool read_type(struct str word, struct row *row)
{
	if (str_starts(word, STR("*"))) {
		row->match = MATCH_END;
		word = str_skip(word, 1);
	} else if (str_ends(word, STR("*"))) {
		row->match = MATCH_START;
		word = str_sub(word, 0, word.len - 1);
	}
	if (word.len == 0 || word.len >= PRICE_TYPE_MAX || str_find_byte(word, '*') >= 0)
		return false;
	keep(row->type, sizeof(row->type), word);
	row->len = (uint8_t)word.len;
	return true;
}

static int add_row(struct file_reader *in, const struct row *row)
{
	struct computing_prices *prices = in->prices;

	int r = list_text_begin(&in->text);

	if (r < 0)
		return r;
	if (prices->count == PRICE_ROWS_MAX)
		return refuse(in, "more than 8192 rows; leave out types that nobody uses");
	if (prices->count == prices->cap) {
		size_t cap = prices->cap ? prices->cap * 2 : 256;
		struct row *rows = realloc(prices->rows, cap * sizeof(*rows));
		if (!rows)
			return error_set(in->text.why, -ENOMEM, "%.200s: not enough memory",
					 in->text.file);
		prices->rows = rows;
		prices->cap = cap;
	}
	prices->rows[prices->count++] = *row;
	return 0;
}

static int take_row(void *context, struct str text)
{
	struct file_reader *in = context;
	struct row row = {.price = {-1, -1, -1}};
	struct str words[FIELDS];

	for (int i = 0; i < FIELDS; i++)
		if (!next_word(&text, &words[i]))
			return refuse(in, "a row has five words: provider, type, vCPUs, GPUs and "
					  "dollars an hour; write - for what is unknown");
	if (str_trim(text).len > 0)
		return refuse(in, "more than five words; put # before what is a comment");
	if (!read_provider(words[0], &row.provider))
		return refuse(in, "the provider is none of aws, azure, gcp");
	if (!read_type(words[1], &row))
		return refuse(in, "the type is no name of 1 to 63 letters with at most one * at "
				  "its start or end");
	struct str price = words[4];
	if (str_ends(price, STR("/vcpu"))) {
		row.is_per_vcpu = true;
		price = str_sub(price, 0, price.len - 5);
	}
	if (!read_figure(words[2], &row.price.vcpu) || !read_figure(words[3], &row.price.gpu) ||
	    !read_figure(price, &row.price.usd_per_hour))
		return refuse(in, "a figure is no number from 0 to 1000000; write - for what is "
				  "unknown");
	return add_row(in, &row);
}

static int read_lines(struct file_reader *in, struct str text)
{
	if (text.len > PRICE_FILE_MAX)
		return error_set(in->text.why, -EINVAL,
				 "%.200s: over 4 MiB; this is no table of prices", in->text.file);
	int r = list_text_read(&in->text, text);
	if (r == 0 && in->prices->count == 0)
		r = refuse(in, "the table has no row; write \"aws m5.large 2 0 0.096\"");
	return r;
}

static int begin(struct file_reader *in, const char *file, struct error *why)
{
	*in = (struct file_reader){.prices = calloc(1, sizeof(*in->prices)),
				   .text = {.noun = "table",
					    .entry = "row",
					    .file = file,
					    .why = why,
					    .said_max = SAID_MAX,
					    .take = take_row,
					    .context = in}};
	return in->prices ? 0 : error_set(why, -ENOMEM, "%.200s: not enough memory", file);
}

static int finish(int r, const struct file_reader *in, struct computing_prices **out)
{
	struct computing_prices *prices = in->prices;

	if (r < 0) {
		computing_prices_free(prices);
		return r;
	}
	keep(prices->name, sizeof(prices->name), in->text.said[LIST_NAME]);
	keep(prices->date, sizeof(prices->date), in->text.said[LIST_DATE]);
	*out = prices;
	return 0;
}

int computing_prices_read(const char *file, struct str text, struct computing_prices **out,
			  struct error *why)
{
	struct file_reader in;
	int r = begin(&in, file, why);

	return r < 0 ? r : finish(read_lines(&in, text), &in, out);
}

int computing_prices_built_in(struct computing_prices **out)
{
	struct error why;
	struct file_reader in;
	int r = begin(&in, "computing_prices.txt", &why);

	if (r < 0)
		return r;
	for (size_t i = 0; computing_prices_lines[i] && r == 0; i++)
		r = list_text_line(&in.text, str_from(computing_prices_lines[i]));
	assert(r != -EINVAL); /* the unit test reads the same lines */
	return finish(r, &in, out);
}

void computing_prices_free(struct computing_prices *prices)
{
	if (prices)
		free(prices->rows);
	free(prices);
}

static bool matches(const struct row *row, struct str type)
{
	struct str own = {row->type, row->len};

	switch (row->match) {
	case MATCH_WHOLE:
		return str_equal_nocase(own, type);
	case MATCH_START:
		return str_starts_nocase(type, own);
	case MATCH_END:
		return type.len >= own.len &&
		       str_equal_nocase(str_skip(type, type.len - own.len), own);
	}
	return false;
}

/* Digits that begin at `at`; false when there are none or they are too many. */
static bool number_at(struct str text, size_t at, double *out)
{
	uint64_t number = 0;
	size_t end = at;

	while (end < text.len && text.at[end] >= '0' && text.at[end] <= '9')
		end++;
	if (!str_to_u64(str_sub(text, at, end - at), &number) || number == 0 || number > 1024)
		return false;
	*out = (double)number;
	return true;
}

static size_t skip_letters(struct str text, size_t at)
{
	while (at < text.len && ((text.at[at] >= 'A' && text.at[at] <= 'Z') ||
				 (text.at[at] >= 'a' && text.at[at] <= 'z')))
		at++;
	return at;
}

/*
 * Standard_NC24ads_A100_v4 has 24; where fewer are switched on (Standard_M8-2ms), the second number
 * says how many.
 * Source: Microsoft's "Azure VM sizes naming conventions". The A to G series of the first years
 * (Standard_D3_v2) number their sizes instead and are told from it by having no letter after the
 * number and _v2 or nothing behind: unknown.
 */
static bool vcpu_of_azure(struct str type, double *out)
{
	size_t at = sizeof("Standard_") - 1;
	size_t digits = skip_letters(type, at), end = digits;

	while (end < type.len && type.at[end] >= '0' && type.at[end] <= '9')
		end++;
	struct str rest = str_skip(type, end);
	bool is_numbered = rest.len == 0 || str_equal_nocase(rest, STR("_v2")) ||
			   str_equal_nocase(rest, STR("_v2_Promo"));
	if (!str_starts_nocase(type, STR("Standard_")) || digits == at || end == digits ||
	    is_numbered)
		return false;
	if (type.at[end] == '-')
		return number_at(type, end + 1, out);
	return number_at(type, digits, out);
}

/* family-kind-8; family-custom-8-16384 and custom-8-16384 have the memory behind. */
static bool vcpu_of_gcp(struct str type, double *out)
{
	ptrdiff_t custom = str_find_nocase(type, STR("custom-"));

	if (custom >= 0)
		return number_at(type, (size_t)custom + 7, out);
	for (size_t at = type.len; at > 1; at--) {
		char c = type.at[at - 1];
		if (c == '-')
			return at < type.len && number_at(type, at, out);
		if (c < '0' || c > '9')
			return false; /* a2-highgpu-1g: GPUs, not vCPUs */
	}
	return false;
}

static bool vcpu_by_name(enum record_provider provider, struct str type, double *out)
{
	switch (provider) {
	case PROVIDER_AZURE:
		return vcpu_of_azure(type, out);
	case PROVIDER_GCP:
		return vcpu_of_gcp(type, out);
	default:
		return false;
	}
}

/* The row with the longest name among those that match in this way and have the figure at `at`. */
static const struct row *best(const struct computing_prices *prices, enum record_provider provider,
			      struct str type, size_t at)
{
	const struct row *found = NULL;

	for (size_t i = 0; i < prices->count; i++) {
		const struct row *row = &prices->rows[i];
		const double *figure = (const double *)((const char *)&row->price + at);
		if (row->provider != provider || *figure < 0 || !matches(row, type))
			continue;
		if (!found || row->match < found->match ||
		    (row->match == found->match && row->len > found->len))
			found = row;
	}
	return found;
}

struct computing_price computing_prices_find(const struct computing_prices *prices,
					     enum record_provider provider, struct str type)
{
	struct computing_price found = {-1, -1, -1};
	const struct row *row =
		best(prices, provider, type, offsetof(struct computing_price, vcpu));

	if (row)
		found.vcpu = row->price.vcpu;
	else
		(void)vcpu_by_name(provider, type, &found.vcpu);
	row = best(prices, provider, type, offsetof(struct computing_price, gpu));
	if (row)
		found.gpu = row->price.gpu;
	row = best(prices, provider, type, offsetof(struct computing_price, usd_per_hour));
	if (row && !row->is_per_vcpu)
		found.usd_per_hour = row->price.usd_per_hour;
	else if (row && found.vcpu >= 0)
		found.usd_per_hour = row->price.usd_per_hour * found.vcpu;
	return found;
}

struct str computing_prices_name(const struct computing_prices *prices)
{
	return str_from(prices->name);
}

struct str computing_prices_date(const struct computing_prices *prices)
{
	return str_from(prices->date);
}
