/*
 * What `davy scan` tells people about real captures: for each flow that is labelled as mining, one
 * finding names the miner's address, the pool's address and a command that helps. The captures are
 * not ours and not in this repository; where they are missing, the test says so and passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "golden.h"

enum { PATH_MOST = 400, LINE_MOST = 4096 };

struct corpus {
	char folder[PATH_MOST];
	char name[256]; /* of the capture whose text is in `text` */
	struct buf text;
	unsigned told, untold, inside_tls;
};

/* file, flow_client, flow_server, label, dialect */
struct truth {
	struct str file, client, server, label, dialect;
};

static struct truth truth_of(struct str line)
{
	struct truth truth = {0};
	struct str *const columns[] = {&truth.file, &truth.client, &truth.server, &truth.label,
				       &truth.dialect};

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		str_cut(line, '\t', columns[i], &line);
	return truth;
}

/* "10.0.0.7" of "10.0.0.7:40001"; "[2001:db8::7]" of "[2001:db8::7]:40001" */
static struct str host_of(struct str endpoint)
{
	size_t len = endpoint.len;

	while (len > 0 && endpoint.at[len - 1] != ':')
		len--;
	return str_sub(endpoint, 0, len ? len - 1 : 0);
}

/* The next run of lines up to an empty one. */
static bool next_block(struct str *rest, struct str *block)
{
	ptrdiff_t end = str_find(*rest, STR("\n\n"));

	if (rest->len == 0)
		return false;
	*block = end < 0 ? *rest : str_sub(*rest, 0, (size_t)end + 1);
	*rest = str_skip(*rest, end < 0 ? rest->len : (size_t)end + 2);
	return true;
}

/* A command stands alone in its line, indented further than the text around it. */
static bool has_command_against(struct str block, struct str server)
{
	struct str line;

	while (str_cut(block, '\n', &line, &block)) {
		struct str command = str_trim(line);
		if ((str_starts(command, STR("ss -tnp dst ")) ||
		     str_starts(command, STR("nft '"))) &&
		    str_find(command, host_of(server)) >= 0)
			return true;
	}
	return false;
}

static bool is_told(struct str text, const struct truth *truth)
{
	struct str block;

	while (next_block(&text, &block)) {
		bool is_finding =
			str_starts(block, STR("MINING  ")) || str_starts(block, STR("SUSPECT  "));
		if (is_finding && str_find(block, host_of(truth->client)) >= 0 &&
		    str_find(block, truth->server) >= 0 &&
		    has_command_against(block, truth->server))
			return true;
	}
	return false;
}

static void scan_file(struct corpus *corpus, struct str name)
{
	char arguments[PATH_MOST + 300];
	struct golden_row row = {.name = corpus->name, .arguments = arguments};

	if (str_equal(str_from(corpus->name), name))
		return;
	snprintf(corpus->name, sizeof(corpus->name), "%.*s", STR_ARG(name));
	snprintf(arguments, sizeof(arguments), "scan %s/net/mining/%s", corpus->folder,
		 corpus->name);
	buf_clear(&corpus->text);
	golden_run(&row, &corpus->text);
}

static void check_flow(struct corpus *corpus, const struct truth *truth)
{
	if (!str_equal(truth->label, STR("mining")))
		return;
	/* `davy scan` does not look into TLS, and its last line says so */
	if (str_starts(truth->dialect, STR("tls-"))) {
		corpus->inside_tls++;
		return;
	}
	scan_file(corpus, truth->file);
	if (is_told(buf_view(&corpus->text), truth)) {
		corpus->told++;
		return;
	}
	corpus->untold++;
	print_error("%s: nothing helpful about %.*s to %.*s (%.*s)\n", corpus->name,
		    STR_ARG(truth->client), STR_ARG(truth->server), STR_ARG(truth->dialect));
}

/* NULL when there are no captures here. */
static FILE *open_corpus(struct corpus *corpus)
{
	const char *place = getenv("DAVY_CORPUS"), *root = getenv("DAVY_SOURCE_ROOT");
	char path[PATH_MOST + 40];

	golden_must(root != NULL, "DAVY_SOURCE_ROOT is not set");
	if (place && *place)
		snprintf(corpus->folder, sizeof(corpus->folder), "%s%s%s",
			 *place == '/' ? "" : root, *place == '/' ? "" : "/", place);
	else
		snprintf(corpus->folder, sizeof(corpus->folder), "%s/../shared/corpus", root);
	snprintf(path, sizeof(path), "%s/net/flow_truth.tsv", corpus->folder);
	return fopen(path, "r");
}

static void people_learn_of_each_mining_flow(void **state)
{
	char line[LINE_MOST], folder[] = "/tmp/davy-corpus-XXXXXX";
	struct corpus corpus = {0};
	FILE *file = open_corpus(&corpus);

	if (!file) {
		printf("# skipped: no labelled captures at %s (DAVY_CORPUS)\n", corpus.folder);
		return;
	}
	golden_must(mkdtemp(folder) && chdir(folder) == 0, folder);
	while (fgets(line, sizeof(line), file)) {
		struct truth truth = truth_of(str_from(line));
		check_flow(&corpus, &truth);
	}
	fclose(file);
	unlink("out");
	golden_must(chdir("/") == 0 && rmdir(folder) == 0, folder);
	buf_fini(&corpus.text);
	printf("# %u mining flows told, %u not looked into: inside TLS\n", corpus.told,
	       corpus.inside_tls);
	assert_int_equal(corpus.untold, 0);
	assert_true(corpus.told > 0);
}

/* The check itself must be able to fail. */
static void silence_is_noticed(void **state)
{
	static const struct str told = STR("MINING  x: 10.0.0.7 to pool 198.51.100.2:33\n"
					   "  who       10.0.0.7:1 mines\n"
					   "                 ss -tnp dst 198.51.100.2:33\n"
					   "\nLooked at\n");
	static const struct {
		struct truth truth;
		bool is_told;
	} flows[] = {
		{{.client = STR("10.0.0.7:1"), .server = STR("198.51.100.2:33")}, true},
		{{.client = STR("10.0.0.8:1"), .server = STR("198.51.100.2:33")}, false},
		{{.client = STR("10.0.0.7:1"), .server = STR("198.51.100.3:33")}, false},
	};

	for (size_t i = 0; i < sizeof(flows) / sizeof(*flows); i++)
		assert_int_equal(is_told(told, &flows[i].truth), flows[i].is_told);
	assert_false(is_told(str_sub(told, 0, 60), &flows[0].truth));
	assert_false(is_told(STR("\n\n"), &flows[0].truth));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_noticed),
		cmocka_unit_test(people_learn_of_each_mining_flow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
