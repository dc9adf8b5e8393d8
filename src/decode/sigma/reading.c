#include "decode/sigma/reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

void sigma_reading_fini(struct sigma_reading *r)
{
	free(r->atoms.at);
	free(r->steps.at);
	free(r->scratch);
}

static void tell(struct sigma_reading *r, uint32_t line, uint32_t column, bool is_refusal,
		 const char *remedy, const char *format, va_list arguments)
{
	char what[400];
	int len = vsnprintf(what, sizeof(what), format, arguments);
	struct sigma_problem problem = {
		.file = r->file,
		.line = line,
		.column = column,
		.is_refusal = is_refusal,
		.what = str_of(what, len < 0			  ? 0
				     : (size_t)len < sizeof(what) ? (size_t)len
								  : sizeof(what) - 1),
		.remedy = str_from(remedy),
	};

	r->is_refused |= is_refusal;
	r->warnings += !is_refusal;
	r->teller->tell(r->teller, &problem);
}

void sigma_refuse(struct sigma_reading *r, struct yaml at, const char *remedy, const char *format,
		  ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(r, yaml_node(at)->line, yaml_node(at)->column, true, remedy, format, arguments);
	va_end(arguments);
}

void sigma_warn(struct sigma_reading *r, struct yaml at, const char *remedy, const char *format,
		...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(r, yaml_node(at)->line, yaml_node(at)->column, false, remedy, format, arguments);
	va_end(arguments);
}

void sigma_refuse_at(struct sigma_reading *r, uint32_t line, uint32_t column, const char *remedy,
		     const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(r, line, column, true, remedy, format, arguments);
	va_end(arguments);
}

void sigma_warn_at(struct sigma_reading *r, uint32_t line, uint32_t column, const char *remedy,
		   const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(r, line, column, false, remedy, format, arguments);
	va_end(arguments);
}

const char *sigma_show(struct str text, char shown[SIGMA_SHOWN_MAX])
{
	CLEANUP(buf_fini) struct buf out = {0};

	buf_add_printable(&out, text, SIGMA_SHOWN_MAX / 2);
	snprintf(shown, SIGMA_SHOWN_MAX, "%.*s", STR_ARG(buf_view(&out)));
	return shown;
}

void *sigma_take(struct sigma_reading *r, size_t size)
{
	void *at = arena_take(r->texts, size);

	r->is_out_of_memory |= !at;
	return at;
}

/* Room for one more in an array of at most `most`. */
static bool make_room(struct sigma_reading *r, void **at, size_t count, size_t *cap, size_t size,
		      size_t most)
{
	if (count < *cap)
		return true;
	size_t wanted = *cap ? *cap * 2 : 64;
	void *bigger = count < most ? realloc(*at, wanted * size) : NULL;
	if (!bigger) {
		r->is_out_of_memory |= count < most;
		return false;
	}
	*at = bigger;
	*cap = wanted;
	return true;
}

void sigma_add_step(struct sigma_reading *r, struct yaml at, enum sigma_op op, uint32_t operand)
{
	struct sigma_steps *steps = &r->steps;

	if (r->is_refused || r->is_out_of_memory)
		return;
	if (!make_room(r, (void **)&steps->at, steps->count, &steps->cap, sizeof(*steps->at),
		       SIGMA_STEPS_MAX)) {
		if (!r->is_out_of_memory)
			sigma_refuse(r, at, "make several rules of it",
				     "this rule compares too much");
		return;
	}
	steps->at[steps->count++] = (struct sigma_step){op, operand};
}

void sigma_add_atom(struct sigma_reading *r, struct yaml at, const struct sigma_atom *atom)
{
	struct sigma_atoms *atoms = &r->atoms;

	if (r->is_refused || r->is_out_of_memory)
		return;
	if (!make_room(r, (void **)&atoms->at, atoms->count, &atoms->cap, sizeof(*atoms->at),
		       SIGMA_ATOMS_MAX)) {
		if (!r->is_out_of_memory)
			sigma_refuse(r, at, "make several rules of it",
				     "this rule has more than %d values", SIGMA_ATOMS_MAX);
		return;
	}
	atoms->at[atoms->count] = *atom;
	atoms->at[atoms->count].line = yaml_node(at)->line;
	atoms->at[atoms->count].column = yaml_node(at)->column;
	sigma_add_step(r, at, SIGMA_ATOM, (uint32_t)atoms->count++);
}

bool sigma_name_matches(struct str name, struct str pattern)
{
	size_t at = 0, p = 0, star = SIZE_MAX, tried = 0;

	while (at < name.len) {
		if (p < pattern.len && pattern.at[p] == '*') {
			star = p++;
			tried = at;
		} else if (p < pattern.len && pattern.at[p] == name.at[at]) {
			p++;
			at++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			at = ++tried;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.at[p] == '*')
		p++;
	return p == pattern.len;
}

struct str sigma_base64(struct sigma_reading *r, struct str bytes)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *in = (const uint8_t *)bytes.at;
	char *out = sigma_take(r, (bytes.len + 2) / 3 * 4 + 1);
	size_t len = 0;

	if (!out)
		return (struct str){0};
	for (size_t i = 0; i < bytes.len; i += 3) {
		const size_t left = bytes.len - i;
		uint32_t three = (uint32_t)in[i] << 16;
		three |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		three |= left > 2 ? in[i + 2] : 0;
		out[len++] = letters[three >> 18];
		out[len++] = letters[three >> 12 & 63];
		out[len++] = left > 1 ? letters[three >> 6 & 63] : '=';
		out[len++] = left > 2 ? letters[three & 63] : '=';
	}
	return str_of(out, len);
}

static void add_unit(char *out, size_t *len, uint32_t unit, bool is_big)
{
	out[(*len)++] = (char)(is_big ? unit >> 8 : unit);
	out[(*len)++] = (char)(is_big ? unit : unit >> 8);
}

struct str sigma_utf16(struct sigma_reading *r, struct str text, enum sigma_utf16 order)
{
	char *out = sigma_take(r, text.len * 2 + 4);
	const bool is_big = order == SIGMA_UTF16BE;
	size_t len = 0;
	uint32_t rune;

	if (!out)
		return (struct str){0};
	if (order == SIGMA_UTF16_MARK)
		add_unit(out, &len, 0xfeff, false);
	while (text.len > 0) {
		size_t size = utf8_decode(text, &rune);
		if (size == 0) { /* a byte stays one */
			rune = (uint8_t)text.at[0];
			size = 1;
		}
		text = str_skip(text, size);
		if (rune < 0x10000) {
			add_unit(out, &len, rune, is_big);
		} else {
			add_unit(out, &len, 0xd800 + ((rune - 0x10000) >> 10), is_big);
			add_unit(out, &len, 0xdc00 + ((rune - 0x10000) & 0x3ff), is_big);
		}
	}
	return str_of(out, len);
}
