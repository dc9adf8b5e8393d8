#include "detect/sigma/matcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/sigma/matcher_parts.h"

enum { TEXTS_LEAST = 1 << 20, TEXTS_AN_ATOM = 512, TAG_FIELD = 0, TAG_PREDICATE = 1 };

int matcher_grow(void **at, uint32_t count, uint32_t *cap, size_t size, uint32_t extra)
{
	uint32_t wanted = *cap ? *cap : 64;

	if (count + extra <= *cap)
		return 0;
	while (wanted < count + extra)
		wanted *= 2;
	void *larger = realloc(*at, wanted * size);
	if (!larger)
		return -ENOMEM;
	*at = larger;
	*cap = wanted;
	return 0;
}

/* Copies of what rules say, in small letters and as signatures. */
static size_t texts_needed(const struct sigma_rules *rules)
{
	size_t bytes = TEXTS_LEAST + 2 * rules->texts.used;

	for (size_t i = 0; i < rules->count; i++)
		bytes += rules->at[i].atom_count * TEXTS_AN_ATOM;
	return bytes;
}

int matcher_new(const struct sigma_rules *rules, const struct sigma_mapping *mapping, uint64_t seed,
		struct matcher **out)
{
	struct matcher *m = calloc(1, sizeof(*m));

	if (!m || arena_init(&m->texts, texts_needed(rules)) < 0) {
		free(m);
		return -ENOMEM;
	}
	m->rules = rules;
	m->mapping = mapping;
	m->paths.ignores_case = mapping->ignores_key_case;
	m->names.seed = m->values.seed = m->paths.steps.seed = seed;
	m->place_of = malloc((rules->count + 1) * sizeof(*m->place_of));
	if (!m->place_of || matcher_add_field(m, (struct str){0}) < 0) {
		matcher_free(m);
		return -ENOMEM;
	}
	memset(m->place_of, 0xff, (rules->count + 1) * sizeof(*m->place_of));
	*out = m;
	return 0;
}

static void free_fields(struct matcher *m)
{
	for (uint32_t i = 0; i < m->field_count; i++) {
		free(m->fields[i].numbers);
		free(m->fields[i].dates);
		free(m->fields[i].networks);
		pattern_set_free(m->fields[i].patterns);
	}
	free(m->fields);
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	free_fields(m);
	void *const blocks[] = {m->path_fields, m->path_starts, m->field_paths, m->predicates,
				m->steps,	m->speaks,	m->programs,	m->place_of,
				m->woken,	m->always,	m->holds,	m->is_open,
				m->queue,	m->hits,	m->stack,	m->existing};
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		free(blocks[i]);
	words_fini(&m->names);
	words_fini(&m->values);
	paths_fini(&m->paths);
	pattern_scratch_free(m->scratch);
	buf_fini(&m->text);
	buf_fini(&m->folded);
	arena_fini(&m->texts);
	free(m);
}

/* -- fields -- */

static int add_paths(struct matcher *m, struct field *field)
{
	struct str single;
	const struct str *paths;
	const size_t count =
		sigma_mapping_paths(m->mapping, field->name, &m->texts, &single, &paths);

	if (count == 0)
		return -ENOMEM;
	if (matcher_grow((void **)&m->field_paths, m->field_path_count, &m->field_path_cap,
			 sizeof(*m->field_paths), (uint32_t)count) < 0)
		return -ENOMEM;
	field->paths = m->field_path_count;
	for (size_t i = 0; i < count; i++) {
		char *copy = arena_take(&m->texts, paths[i].len + 1);
		if (!copy)
			return -ENOMEM;
		struct str path = str_of(memcpy(copy, paths[i].at, paths[i].len), paths[i].len);
		int number =
			paths_add(&m->paths, m->paths.ignores_case ? words_fold(path, copy) : path);
		if (number < 0)
			return number;
		m->field_paths[m->field_path_count++] = (uint32_t)number;
		field->path_count++;
	}
	return 0;
}

int matcher_add_field(struct matcher *m, struct str name)
{
	const uint32_t there = words_find(&m->names, TAG_FIELD, name);

	if (there != WORD_NONE)
		return (int)there;
	if (matcher_grow((void **)&m->fields, m->field_count, &m->field_cap, sizeof(*m->fields),
			 1) < 0)
		return -ENOMEM;
	struct field *field = &m->fields[m->field_count];
	*field = (struct field){.name = name,
				.first = WORD_NONE,
				.exists = WORD_NONE,
				.null = WORD_NONE,
				.any = WORD_NONE};
	if (m->field_count != FIELD_ANY && add_paths(m, field) < 0)
		return -ENOMEM;
	if (words_add(&m->names, TAG_FIELD, name, m->field_count) < 0)
		return -ENOMEM;
	return (int)m->field_count++;
}

/* -- comparisons -- */

/* What makes two comparisons the same, as bytes. */
static struct str signature(struct matcher *m, const struct sigma_atom *atom, uint32_t field,
			    uint32_t other)
{
	CLEANUP(buf_fini) struct buf out = {0};
	const struct {
		uint32_t field, other, match, cased, has_number, flags, place, prefix, time, none;
		double number;
		struct address network;
	} head = {field,	other,	      atom->match,  atom->is_cased, atom->has_number,
		  atom->flags,	atom->place,  atom->prefix, atom->time,	    0,
		  atom->number, atom->network};

	buf_add_bytes(&out, &head, sizeof(head));
	if (atom->match == SIGMA_EXPRESSION)
		buf_add(&out, atom->text);
	for (size_t i = 0; i < atom->part_count; i++) {
		const uint64_t part[] = {atom->parts[i].kind, atom->parts[i].text.len};
		buf_add_bytes(&out, part, sizeof(part));
		buf_add(&out, atom->parts[i].text);
		if (!atom->is_cased && !out.failed && part[1] > 0)
			words_fold(atom->parts[i].text, out.at + out.len - part[1]);
	}
	return out.failed ? (struct str){0} : arena_copy(&m->texts, buf_view(&out));
}

static int new_predicate(struct matcher *m, const struct sigma_atom *atom, uint32_t field,
			 uint32_t other)
{
	if (matcher_grow((void **)&m->predicates, m->predicate_count, &m->predicate_cap,
			 sizeof(*m->predicates), 1) < 0)
		return -ENOMEM;
	struct field *of = &m->fields[field];
	m->predicates[m->predicate_count] = (struct predicate){
		.atom = atom, .field = field, .other = other, .next = of->first, .also = WORD_NONE};
	of->first = m->predicate_count;
	if (atom->match == SIGMA_EXISTS)
		of->exists = m->predicate_count;
	else if (atom->match == SIGMA_NULL)
		of->null = m->predicate_count;
	return (int)m->predicate_count++;
}

static int add_predicate(struct matcher *m, const struct sigma_atom *atom)
{
	const int field = matcher_add_field(m, atom->field);
	const int other = atom->match == SIGMA_FIELD ? matcher_add_field(m, atom->text) : 0;

	if (field < 0 || other < 0)
		return -ENOMEM;
	const struct str name = signature(m, atom, (uint32_t)field, (uint32_t)other);
	if (name.len == 0)
		return -ENOMEM;
	const uint32_t there = words_find(&m->names, TAG_PREDICATE, name);
	if (there != WORD_NONE)
		return (int)there;
	const int made = new_predicate(m, atom, (uint32_t)field, (uint32_t)other);
	if (made < 0 || words_add(&m->names, TAG_PREDICATE, name, (uint32_t)made) < 0)
		return -ENOMEM;
	return made;
}

/* -- rules -- */

static int add_steps(struct matcher *m, const struct sigma_rule *rule)
{
	if (matcher_grow((void **)&m->steps, m->step_count, &m->step_cap, sizeof(*m->steps),
			 (uint32_t)rule->step_count) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < rule->step_count; i++) {
		struct sigma_step step = rule->steps[i];
		if (step.op == SIGMA_ATOM) {
			const int predicate = add_predicate(m, &rule->atoms[step.operand]);
			if (predicate < 0)
				return predicate;
			step.operand = (uint32_t)predicate;
		}
		m->steps[m->step_count++] = step;
	}
	return 0;
}

int matcher_add_rule(struct matcher *m, uint32_t rule)
{
	const uint32_t start = m->step_count;

	if (matcher_grow((void **)&m->programs, m->program_count, &m->program_cap,
			 sizeof(*m->programs), 1) < 0 ||
	    add_steps(m, &m->rules->at[rule]) < 0)
		return -ENOMEM;
	m->place_of[rule] = m->program_count;
	m->programs[m->program_count++] = (struct program){rule, start, m->step_count - start};
	return 0;
}

/* Which fields each path is of: starts of a run for each path, and the runs. */
static int list_fields(struct matcher *m)
{
	const uint32_t paths = m->paths.count;

	m->path_starts = calloc(paths + 2, sizeof(*m->path_starts));
	m->path_fields = calloc(m->field_path_count + 1, sizeof(*m->path_fields));
	if (!m->path_starts || !m->path_fields)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->field_path_count; i++)
		m->path_starts[m->field_paths[i] + 2]++;
	for (uint32_t i = 2; i < paths + 2; i++)
		m->path_starts[i] += m->path_starts[i - 1];
	for (uint32_t f = 0; f < m->field_count; f++)
		for (uint32_t i = 0; i < m->fields[f].path_count; i++) {
			const uint32_t path = m->field_paths[m->fields[f].paths + i];
			m->path_fields[m->path_starts[path + 1]++] = f;
		}
	return 0;
}

static int make_room(struct matcher *m)
{
	m->holds = calloc(m->predicate_count + 1, sizeof(*m->holds));
	m->is_open = calloc(m->program_count + 1, sizeof(*m->is_open));
	m->queue = calloc(m->program_count + 1, sizeof(*m->queue));
	m->hits = calloc(m->program_count + 1, sizeof(*m->hits));
	m->stack = calloc(m->step_count + 1, sizeof(*m->stack));
	return m->holds && m->is_open && m->queue && m->hits && m->stack ? 0 : -ENOMEM;
}

int matcher_seal(struct matcher *m, struct error *why)
{
	if (paths_seal(&m->paths) < 0 || list_fields(m) < 0 || make_room(m) < 0)
		return error_set(why, -ENOMEM, "no memory for rules");
	int result = matcher_make_tables(m, why);
	if (result < 0)
		return result;
	if (matcher_index(m) < 0)
		return error_set(why, -ENOMEM, "no memory for rules");
	m->counters.rules = m->program_count;
	m->counters.always = m->always_count;
	m->counters.fields = m->field_count;
	m->counters.paths = m->paths.count;
	m->counters.comparisons = m->predicate_count;
	return 0;
}

/* -- a record -- */

/* Null, and fields that agree, are asked when a rule wants to know; all others are marked. */
static bool predicate_holds(struct matcher *m, uint32_t number)
{
	const struct predicate *predicate = &m->predicates[number];
	const struct field *field = &m->fields[predicate->field];

	if (m->holds[number] == m->record)
		return true;
	if (predicate->atom->match == SIGMA_FIELD)
		return matcher_fields_agree(m, predicate);
	if (predicate->atom->match != SIGMA_NULL)
		return false;
	for (uint32_t i = 0; i < field->path_count; i++)
		if (m->paths.seen[m->field_paths[field->paths + i]] == m->paths.record)
			return false;
	return true;
}

static bool rule_holds(struct matcher *m, const struct program *program)
{
	bool *top = m->stack;

	for (uint32_t i = 0; i < program->step_count; i++) {
		const struct sigma_step *step = &m->steps[program->steps + i];
		bool all = true, any = false;
		switch (step->op) {
		case SIGMA_ATOM:
			*top++ = predicate_holds(m, step->operand);
			continue;
		case SIGMA_NOT:
			top[-1] = !top[-1];
			continue;
		default:
			for (uint32_t k = 0; k < step->operand; k++) {
				top--;
				all = all && *top;
				any = any || *top;
			}
			*top++ = step->op == SIGMA_AND ? all : any;
		}
	}
	return m->stack[0];
}

static void begin(struct matcher *m, struct json_value whole)
{
	m->whole = whole;
	m->queued = 0;
	m->is_undecided = false;
	m->counters.records++;
	if (++m->record > 0)
		return;
	memset(m->holds, 0, m->predicate_count * sizeof(*m->holds));
	memset(m->is_open, 0, m->program_count * sizeof(*m->is_open));
	m->record = 1;
}

void matcher_take(struct matcher *m, struct json_value whole, struct matcher_hits *out)
{
	begin(m, whole);
	*out = (struct matcher_hits){.rules = m->hits};
	if (!paths_walk(&m->paths, whole)) {
		out->is_undecided = true;
		return;
	}
	matcher_hold_values(m);
	for (uint32_t i = 0; i < m->always_count; i++)
		m->queue[m->queued++] = m->always[i];
	m->counters.looked_at += m->queued;
	for (uint32_t i = 0; i < m->queued; i++) {
		const struct program *program = &m->programs[m->queue[i]];
		if (rule_holds(m, program))
			m->hits[out->count++] = program->rule;
	}
	out->is_undecided = m->is_undecided;
}

size_t matcher_reasons(const struct matcher *m, uint32_t rule, const struct sigma_atom **out,
		       size_t most)
{
	const struct program *program = &m->programs[m->place_of[rule]];
	size_t count = 0;

	for (uint32_t i = program->steps; i < program->steps + program->step_count; i++) {
		const struct sigma_step *step = &m->steps[i];
		if (count < most && step->op == SIGMA_ATOM && m->speaks[i] &&
		    m->holds[step->operand] == m->record)
			out[count++] = m->predicates[step->operand].atom;
	}
	return count;
}

bool matcher_value(const struct matcher *m, uint32_t number, size_t index, char *scratch,
		   size_t cap, struct str *out)
{
	const struct field *field = &m->fields[number];

	for (uint32_t i = 0; i < field->path_count; i++)
		for (uint32_t v = 0; v < m->paths.value_count; v++) {
			const struct path_value *value = &m->paths.values[v];
			const struct json_value at = {m->whole.json, value->node};
			if (value->path != m->field_paths[field->paths + i] ||
			    !json_is_scalar(at) || index-- > 0)
				continue;
			*out = json_text(at, scratch, cap);
			return true;
		}
	return false;
}

struct matcher_counters matcher_counters(const struct matcher *m)
{
	return m->counters;
}
