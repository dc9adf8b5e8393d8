/* The findings that an ID stands for: out of the store, or out of the output of davy scan. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/finding_json.h"
#include "model/line.h"
#include "programs/file_text.h"
#include "programs/respond_case.h"

enum { FROM_MAX = 256 << 20 };

static int read_file(const char *path, struct buf *out, struct error *why)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
					: open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int result = fd < 0 ? -errno : file_text_read_open(fd, FROM_MAX, out);

	if (fd >= 0)
		close(fd);
	if (result != 0)
		return error_set(why, result, "cannot read %s: %s", path, strerror(-result));
	return out->len > FROM_MAX ? error_set(why, -E2BIG, "%s is larger than 256 MiB", path) : 0;
}

/* A finding said again is the same with a higher revision: the last counts. */
static int find_in_lines(struct responding *r, struct str rest, struct str *out, struct error *why)
{
	char first[FINDING_ID_LEN + 1] = "";
	struct str line;

	while (rest.len) {
		struct finding finding;
		(void)str_cut(rest, '\n', &line, &rest);
		arena_reset(&r->view.arena);
		if (finding_from_json(line, &r->view.arena, &finding, NULL) != 0 ||
		    !str_starts(finding.id, r->id) || finding.id.len != FINDING_ID_LEN)
			continue;
		if (first[0] && !str_equal(finding.id, str_from(first)))
			return error_set(why, -EINVAL,
					 "several ids begin with %.*s: write more "
					 "of it",
					 STR_ARG(str_sub(r->id, 0, 64)));
		memcpy(first, finding.id.at, FINDING_ID_LEN);
		*out = line;
	}
	return first[0] ? 0
			: error_set(why, -ENOENT, "%s has no finding whose id is %.*s", r->from,
				    STR_ARG(str_sub(r->id, 0, 64)));
}

struct visiting {
	struct responding *r;
	respond_visit *visit;
	struct error *why;
	int result;
};

static bool visit_one(void *context, struct str json)
{
	struct visiting *v = context;

	v->result = v->visit(v->r, json, v->why);
	return v->result == 0;
}

static int each_in_store(struct responding *r, respond_visit *visit, struct error *why)
{
	const struct store_filter all = {.since.ns = INT64_MIN};
	struct visiting visiting = {r, visit, why, 0};
	CLEANUP(buf_fini) struct buf json = {0};
	char scratch[64];
	enum store_found found;

	int result = store_find(r->view.store, r->id, &found, &json, why);
	if (result != 0)
		return result;
	if (found == STORE_NOT_FOUND)
		return error_set(why, -ENOENT,
				 "no incident or finding has the id %.*s; davy scan does not "
				 "store: give its output with --from FILE",
				 STR_ARG(str_sub(r->id, 0, 64)));
	if (found == STORE_AMBIGUOUS)
		return error_set(why, -ENOENT, "several ids begin with %.*s: write more of it",
				 STR_ARG(str_sub(r->id, 0, 64)));
	if (found == STORE_FINDING)
		return visit(r, buf_view(&json), why);
	struct json_node *nodes = calloc(RESPONSE_NODES_MAX, sizeof(*nodes));
	struct json doc = {.nodes = nodes, .cap = nodes ? RESPONSE_NODES_MAX : 0};
	struct str id = {0};
	if (nodes && json_read(&doc, buf_view(&json)) > 0)
		id = json_text(json_member(json_root(&doc), STR("id")), scratch, sizeof(scratch));
	result = store_each_finding(r->view.store, id, &all, visit_one, &visiting, why);
	free(nodes);
	return result != 0 ? result : visiting.result;
}

int respond_each_finding(struct responding *r, respond_visit *visit, struct error *why)
{
	CLEANUP(buf_fini) struct buf text = {0};
	struct str line = {0};

	if (!r->from)
		return each_in_store(r, visit, why);
	int result = read_file(r->from, &text, why);
	if (result == 0)
		result = find_in_lines(r, buf_view(&text), &line, why);
	return result != 0 ? result : visit(r, line, why);
}
