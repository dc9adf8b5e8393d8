/* Databases with the buckets of containerd, of tests/bolt_maker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "containerd_rows.h"
#include "decode/container/containerd.h"

enum { CHANGES = 8, ROWS = 64 };

struct database {
	struct bolt_row rows[ROWS];
	size_t count;
};

static bool is_same_place(const struct bolt_row *a, const struct bolt_row *b)
{
	for (size_t i = 0; i < BOLT_PATH_MAX; i++)
		if (!a->path[i] || !b->path[i] || strcmp(a->path[i], b->path[i]) != 0)
			return a->path[i] == b->path[i];
	return true;
}

/* In its place, or beside the others; without a value it is taken away. */
static void change(struct database *database, const struct bolt_row *row)
{
	for (size_t i = 0; i < database->count; i++) {
		if (!is_same_place(&database->rows[i], row))
			continue;
		if (row->value)
			database->rows[i] = *row;
		else
			database->rows[i] = database->rows[--database->count];
		return;
	}
	assert_true(database->count < ROWS && row->value);
	database->rows[database->count++] = *row;
}

struct memory {
	struct buf *bytes;
	uint64_t reads, written_every; /* 0: never */
};

static bool read_memory(void *context, uint64_t offset, size_t len, struct str *out)
{
	struct memory *memory = context;
	uint64_t transaction;

	memory->reads++;
	if (memory->written_every > 0 && memory->reads % memory->written_every == 0) {
		memcpy(&transaction, memory->bytes->at + 64, sizeof(transaction));
		transaction += 2;
		memcpy(memory->bytes->at + 64, &transaction, sizeof(transaction));
		bolt_sum(memory->bytes, 0, 4096);
	}
	if (offset > memory->bytes->len || len > memory->bytes->len - offset)
		return false;
	*out = str_sub(buf_view(memory->bytes), (size_t)offset, len);
	return true;
}

static void make(const struct bolt_row *changes, size_t count, struct buf *out)
{
	struct database database = {.count = sizeof(containerd_rows) / sizeof(*containerd_rows)};
	const struct bolt_making how = {.page_bytes = 4096, .transaction = 8};

	memcpy(database.rows, containerd_rows, sizeof(containerd_rows));
	for (size_t i = 0; i < count && changes[i].path[0]; i++)
		change(&database, &changes[i]);
	bolt_make(database.rows, database.count, &how, out);
	assert_false(out->failed);
}

static void the_image_is_the_one_it_lies_upon(void **state)
{
	static const struct {
		const char *name;
		struct bolt_row changes[CHANGES];
		const char *digests, *image; /* NULL: the container is not known */
		const char *container;	     /* NULL: ONE */
	} rows[] = {
		{"kubernetes", {{{0}}}, "abc", TAG},
		{"of one platform", {{{IMAGE(TAG)}, MANIFEST}}, "ab", TAG},
		{"by its configuration",
		 {{{CONTAINER(ONE, "image")}, CONFIG}, {{IMAGE(CONFIG)}, LIST}},
		 "abc",
		 CONFIG},
		{"labels of builders",
		 {{{LABELS(MANIFEST), REFERS("config")}, NULL},
		  {{LABELS(MANIFEST), REFERS("0")}, CONFIG},
		  {{LABELS(MANIFEST), REFERS("1")}, LAYER}},
		 "abc",
		 TAG},
		{"a list of lists",
		 {{{IMAGE(TAG)}, ELSE}, {{LABELS(ELSE), REFERS("m.0")}, LIST}},
		 "abce",
		 TAG},
		{"docker's layer between",
		 {{{SNAPSHOT(ONE)}, ONE "-init"}, {{SNAPSHOT(ONE "-init")}, CHAIN}},
		 "abc",
		 TAG},
		{"a user's own ids", {{{SNAPSHOT(ONE)}, CHAIN "-0-100000"}}, "abc", TAG},
		{"longer than a chain", {{{SNAPSHOT(ONE)}, CHAIN "0"}}, "", TAG},
		{"snapshots in a ring", {{{SNAPSHOT(ONE)}, ONE}}, "", TAG},
		{"lies upon other layers", {{{SNAPSHOT(ONE)}, LAYER}}, "", TAG},
		{"lies upon nothing", {{{SNAPSHOT(ONE)}, NULL}}, "", TAG},
		{"unpacked by another snapshotter",
		 {{{LABELS(CONFIG), UNPACKED("overlayfs")}, NULL}},
		 "",
		 TAG},
		{"no such image", {{{CONTAINER(ONE, "image")}, "z"}}, "", "z"},
		{"made of a folder", {{{CONTAINER(ONE, "image")}, NULL}}, "", ""},
		{"no image's name", {{{CONTAINER(ONE, "image")}, ""}}, "", ""},
		{"its name is another image's by now",
		 {{{IMAGE(TAG)}, ELSE},
		  {{LABELS(ELSE), REFERS("config")}, LAYER},
		  {{LABELS(LAYER), UNPACKED("overlayfs")}, LAYER}},
		 "",
		 TAG},
		{"so it is, and kubernetes has kept the old one",
		 {{{IMAGE(TAG)}, ELSE},
		  {{LABELS(ELSE), REFERS("config")}, LAYER},
		  {{LABELS(LAYER), UNPACKED("overlayfs")}, LAYER},
		  {{IMAGE(CONFIG)}, LIST},
		  {{IMAGE(LAYER)}, ELSE}},
		 "abc",
		 TAG},
		{"so it is, and two of the same layers are left",
		 {{{IMAGE(TAG)}, ELSE},
		  {{LABELS(LAYER), UNPACKED("overlayfs")}, CHAIN},
		  {{IMAGE(CONFIG)}, LIST},
		  {{IMAGE(LAYER)}, ELSE}},
		 "",
		 TAG},
		{"another kind of digest", {{{IMAGE(TAG)}, "sha512:" ONE OTHER}}, "", TAG},
		{"references in a ring", {{{LABELS(LIST), REFERS("m.1")}, LIST}}, "", TAG},
		{"another namespace's", {{{0}}}, "", "docker.io/library/y:2", OTHER},
		{"nobody's",
		 {{{0}}},
		 NULL,
		 NULL,
		 "3333333333333333333333333333333333333333333333333333333333333333"},
		{"a part of an id", {{{0}}}, NULL, NULL, "1111"},
		{"no id", {{{0}}}, NULL, NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_fini) struct buf bytes = {0};
		struct memory memory = {&bytes, 0, 0};
		struct container_image image = {0};
		char told[IMAGE_DIGESTS_MAX + 1] = "";
		make(rows[i].changes, CHANGES, &bytes);
		const char *id = rows[i].container ? rows[i].container : ONE;
		bool is_known = containerd_container_read((struct bolt_file){read_memory, &memory},
							  str_from(id), &image);
		for (size_t j = 0; j < image.count; j++)
			told[j] = "0123456789abcdef"[image.digests[j][0] >> 4];
		if (is_known != (rows[i].digests != NULL) ||
		    (is_known && strcmp(told, rows[i].digests) != 0) ||
		    (is_known && strcmp(image.name, rows[i].image) != 0))
			fail_msg("%s: %d, '%s', '%s'", rows[i].name, is_known, told, image.name);
	}
}

/* As Docker's own files told it, for images that containerd has. */
static void what_is_known_already_is_kept(void **state)
{
	CLEANUP(buf_fini) struct buf bytes = {0};
	struct memory memory = {&bytes, 0, 0};
	struct container_image image = {.count = 1, .name = "x"};

	(void)state;
	make(NULL, 0, &bytes);
	memset(image.digests[0], 0xcc, sizeof(image.digests[0]));
	assert_true(containerd_container_read((struct bolt_file){read_memory, &memory}, STR(ONE),
					      &image));
	assert_int_equal(image.count, 3);
	assert_int_equal(image.digests[0][0], 0xcc);
	assert_string_equal(image.name, "x");
}

static uint64_t read_while_written(uint64_t every, bool *is_known)
{
	CLEANUP(buf_fini) struct buf bytes = {0};
	struct memory memory = {&bytes, 0, every};
	struct container_image image = {0};

	make(NULL, 0, &bytes);
	*is_known = containerd_container_read((struct bolt_file){read_memory, &memory}, STR(ONE),
					      &image);
	assert_true(*is_known == (image.count == 3) && *is_known == (image.name[0] != '\0'));
	return memory.reads;
}

/* Written twice in each try it is not known; not even once in one of two, it is. */
static void it_is_written_meanwhile(void **state)
{
	bool is_known;
	uint64_t reads = read_while_written(0, &is_known);

	(void)state;
	assert_true(is_known && reads > 10);
	for (uint64_t every = 1; every <= 2 * reads; every++) {
		(void)read_while_written(every, &is_known);
		if (is_known ? every <= reads / 2 : every > reads)
			fail_msg("written at each %d. of %d reads: %d", (int)every, (int)reads,
				 is_known);
	}
}

/* Under the sanitizers. */
static void no_byte_is_trusted(void **state)
{
	const struct bolt_making how = {.page_bytes = 1024, .transaction = 8};
	CLEANUP(buf_fini) struct buf whole = {0}, bytes = {0};

	(void)state;
	bolt_make(containerd_rows, sizeof(containerd_rows) / sizeof(*containerd_rows), &how,
		  &whole);
	for (size_t at = 0; at < whole.len; at += 3) {
		struct memory memory = {&bytes, 0, 0};
		struct container_image image = {0};
		buf_clear(&bytes);
		buf_add(&bytes, buf_view(&whole));
		bytes.at[at] = (char)(bytes.at[at] ^ 1 << at % 8);
		bolt_sum(&bytes, 0, 1024);
		(void)!containerd_container_read((struct bolt_file){read_memory, &memory}, STR(ONE),
						 &image);
		assert_true(image.count <= IMAGE_DIGESTS_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_is_the_one_it_lies_upon),
		cmocka_unit_test(what_is_known_already_is_kept),
		cmocka_unit_test(it_is_written_meanwhile),
		cmocka_unit_test(no_byte_is_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
