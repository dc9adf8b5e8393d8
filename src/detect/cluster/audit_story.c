#include "detect/cluster/audit_story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/finding_json.h"

extern const struct record_detector cluster_detector;

/* -- acts -- */

static struct json_value read_into(struct act_text *t, int which, char *text, const char *json,
				   size_t cap)
{
	if (!json)
		return (struct json_value){NULL, UINT32_MAX};
	snprintf(text, cap, "%s", json);
	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	t->docs[which] = (struct json){.nodes = t->nodes[which], .cap = NODES};
	assert_true(json_read(&t->docs[which], str_from(text)) > 0);
	return json_root(&t->docs[which]);
}

static void set_identity(const struct step *step, struct act_text *t)
{
	struct record_identity *who = &t->record.act.identity;

	who->name = str_from(step->user);
	who->impersonated = str_from(step->as);
	if (strcmp(step->user, "system:anonymous") == 0) {
		who->kind = IDENTITY_ANONYMOUS;
		t->group = STR("system:unauthenticated");
		who->groups = &t->group;
		who->group_count = 1;
	}
}

void story_make_act(const struct step *step, int number, int serial, struct act_text *t)
{
	struct record_act *act = &t->record.act;
	char why[900];

	t->record =
		(struct record){.kind = RECORD_KUBE_AUDIT,
				.time = instant_at(1000 * DAY + step->at + number * step->every, 0),
				.source = STR("audit.log"),
				.offset = (uint64_t)serial * 1000};
	snprintf(t->id, sizeof(t->id), "id-%d/ResponseComplete", serial);
	t->record.id = str_from(t->id);
	set_identity(step, t);
	act->provider = PROVIDER_KUBE;
	act->account = str_from(step->cluster ? step->cluster : "c1");
	act->action = str_from(step->verb);
	(void)str_cut(str_from(step->what), '/', &act->resource, &act->subresource);
	act->namespace = str_from(step->namespace);
	if (step->name)
		snprintf(t->name, sizeof(t->name), step->name, number);
	act->name = step->name ? str_from(t->name) : (struct str){0};
	act->uri = str_from(step->uri);
	act->source = str_from(step->from);
	act->user_agent = str_from(step->agent);
	act->has_address = address_parse(act->source, &act->address);
	act->outcome = step->outcome == OUTCOME_UNKNOWN ? OUTCOME_DONE : step->outcome;
	act->decision = act->outcome == OUTCOME_DENIED ? STR("forbid") : STR("allow");
	act->request = read_into(t, 0, t->request, step->request, sizeof(t->request));
	act->response = read_into(t, 1, t->response, step->response, sizeof(t->response));
	snprintf(why, sizeof(why), "{'annotations':{'authorization.k8s.io/reason':'%s'}}",
		 step->why ? step->why : "");
	t->record.whole = read_into(t, 2, t->whole, why, sizeof(t->whole));
}

/* -- findings -- */

static void take(struct record_teller *teller, struct finding *finding)
{
	struct told *told = (struct told *)teller;
	struct buf line = {0};
	struct str doing = facts_text(&finding->subject.keys, STR("doing"));

	assert_true(told->count < TOLD_MAX);
	assert_true(finding->reason_count > 0 && finding->title.len > 0);
	assert_true(finding->evidence_count > 0 && finding->technique_count > 0);
	for (size_t i = 1; i < finding->evidence_count; i++)
		assert_true(finding->evidence[i - 1].time.ns <= finding->evidence[i].time.ns);
	assert_true(finding->first_seen.ns <= finding->last_seen.ns);
	finding_to_json(finding, &line);
	buf_add_byte(&line, '\0');
	assert_false(line.failed);
	snprintf(told->brief[told->count], 128, "%s %.*s", verdict_name(finding->verdict),
		 STR_ARG(doing));
	told->lines[told->count++] = line.at;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All lines, sorted, in one. */
struct buf story_report(void *state, struct told *told)
{
	struct buf all = {0};
	struct arena scratch;

	*told = (struct told){.teller = {take}};
	assert_int_equal(arena_init(&scratch, 256 * 1024), 0);
	cluster_detector.report(state, instant_at(2000 * DAY, 0), &scratch, &told->teller);
	arena_fini(&scratch);
	qsort(told->lines, (size_t)told->count, sizeof(told->lines[0]), compare_texts);
	for (int i = 0; i < told->count; i++) {
		buf_add_text(&all, told->lines[i]);
		buf_add_byte(&all, '\n');
		free(told->lines[i]);
	}
	return all;
}

struct str story_brief(struct told *told, char *out, size_t cap)
{
	char *at[TOLD_MAX];
	size_t len = 0;

	for (int i = 0; i < told->count; i++)
		at[i] = told->brief[i];
	qsort(at, (size_t)told->count, sizeof(at[0]), compare_texts);
	out[0] = '\0';
	for (int i = 0; i < told->count; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s%s", i ? "; " : "", at[i]);
	return str_from(out);
}

/* -- running a story -- */

void story_unfold(const struct story *story, struct list *list)
{
	list->count = 0;
	for (const struct step *s = story->steps; s->user; s++)
		for (int i = 0; i < (s->times ? s->times : 1); i++) {
			assert_true(list->count < ACTS_MAX);
			list->step[list->count] = s;
			list->number[list->count] = i;
			list->serial[list->count] = list->count;
			list->count++;
		}
}

static void swap(struct list *list, int a, int b)
{
	const struct step *step = list->step[a];
	int number = list->number[a], serial = list->serial[a];

	list->step[a] = list->step[b];
	list->number[a] = list->number[b];
	list->serial[a] = list->serial[b];
	list->step[b] = step;
	list->number[b] = number;
	list->serial[b] = serial;
}

static void arrange(struct list *list, enum way way, uint32_t seed)
{
	for (int i = 0; way == BACKWARDS && i < list->count / 2; i++)
		swap(list, i, list->count - 1 - i);
	for (int i = list->count - 1; way >= SHUFFLED && i > 0; i--) {
		seed = seed * 1664525 + 1013904223;
		swap(list, i, (int)((seed >> 8) % (uint32_t)(i + 1)));
	}
}

void story_observe_all(void *state, const struct list *list)
{
	static struct act_text text;

	for (int i = 0; i < list->count; i++) {
		story_make_act(list->step[i], list->number[i], list->serial[i], &text);
		cluster_detector.observe(state, &text.record);
	}
}

struct buf story_run(const struct story *story, enum way way, uint32_t seed, struct told *told)
{
	const struct record_settings settings = {.seed = 7 + seed, .capacity = 4096};
	static struct list list;
	void *state = NULL;

	story_unfold(story, &list);
	arrange(&list, way, seed);
	assert_int_equal(cluster_detector.create(&settings, &state), 0);
	story_observe_all(state, &list);
	if (way == TWICE)
		story_observe_all(state, &list);
	struct buf all = story_report(state, told);
	cluster_detector.destroy(state);
	return all;
}

void stories_run(const struct story *stories, size_t count)
{
	static struct told told;
	char text[1024];

	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_fini) struct buf first = story_run(&stories[i], IN_ORDER, 0, &told);
		struct str got = story_brief(&told, text, sizeof(text));
		if (!str_equal(got, str_from(stories[i].told)))
			fail_msg("%s: told '%s' instead of '%s'\n%.*s", stories[i].name, text,
				 stories[i].told, STR_ARG(buf_view(&first)));
		for (uint32_t seed = 0; seed < 6; seed++) {
			enum way way = seed == 0 ? BACKWARDS : seed % 2 ? SHUFFLED : TWICE;
			CLEANUP(buf_fini)
			struct buf again = story_run(&stories[i], way, seed, &told);
			if (!str_equal(buf_view(&first), buf_view(&again)))
				fail_msg("%s: another order, another finding:\n%.*s\n%.*s",
					 stories[i].name, STR_ARG(buf_view(&first)),
					 STR_ARG(buf_view(&again)));
		}
	}
}
