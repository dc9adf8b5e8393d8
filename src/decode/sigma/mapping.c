/* Files that say what rules call the fields of a log, and which logs they are for. */
#include <errno.h>
#include <string.h>

#include "decode/sigma/reading.h"
#include "model/record.h"

/* A text, or a list of texts, in the arena; NULL and 0 when it is neither. */
static const struct str *read_list(struct sigma_reading *r, struct yaml at, size_t *count)
{
	const size_t most = yaml_kind(at) == YAML_LIST ? yaml_count(at) : 1;
	struct str *out = sigma_take(r, (most ? most : 1) * sizeof(*out));

	*count = 0;
	if (!out)
		return NULL;
	if (yaml_kind(at) == YAML_SINGLE) {
		out[(*count)++] = yaml_text(at);
		return out;
	}
	for (struct yaml one = yaml_first(at); yaml_kind(one) && !r->is_refused;
	     one = yaml_next_in(at, one)) {
		if (yaml_kind(one) == YAML_SINGLE)
			out[(*count)++] = yaml_text(one);
		else
			sigma_refuse(r, one, "write a text, or a list of texts", "this is no text");
	}
	if (*count == 0 && !r->is_refused)
		sigma_refuse(r, at, "write at least one", "nothing is here");
	return out;
}

static struct str word(struct yaml map, const char *key)
{
	return yaml_text(yaml_member(map, str_from(key)));
}

static void add_logsource(struct sigma_reading *r, struct yaml at, struct sigma_mapping *out)
{
	struct sigma_logsource source = {word(at, "category"), word(at, "product"),
					 word(at, "service")};

	if (source.category.len + source.product.len + source.service.len == 0)
		sigma_refuse(r, at, "write {product: ..., service: ...}",
			     "this log source has no product, service or category");
	else if (out->logsource_count == SIGMA_LOGSOURCES_MAX)
		sigma_refuse(r, at, "make another file of it", "there are more than %d of these",
			     SIGMA_LOGSOURCES_MAX);
	else
		out->logsources[out->logsource_count++] = source;
}

static void read_logsources(struct sigma_reading *r, struct yaml at, struct sigma_mapping *out)
{
	if (yaml_kind(at) != YAML_LIST) {
		add_logsource(r, at, out);
		return;
	}
	for (struct yaml one = yaml_first(at); yaml_kind(one) && !r->is_refused;
	     one = yaml_next_in(at, one))
		add_logsource(r, one, out);
}

static void read_kinds(struct sigma_reading *r, struct yaml at, struct sigma_mapping *out)
{
	size_t count = 0;
	const struct str *names = read_list(r, at, &count);
	char shown[SIGMA_SHOWN_MAX];

	for (size_t i = 0; i < count && !r->is_refused; i++) {
		enum record_kind kind;
		if (record_kind_from_name(names[i], &kind))
			out->kinds |= UINT32_C(1) << kind;
		else
			sigma_refuse(r, at, "write cloudtrail, azureactivity, kubeaudit ...",
				     "there is no kind of record %s", sigma_show(names[i], shown));
	}
}

static void read_fields(struct sigma_reading *r, struct yaml at, struct sigma_mapping *out)
{
	struct sigma_field_paths *fields = sigma_take(r, (yaml_count(at) + 1) * sizeof(*fields));

	for (struct yaml key = yaml_first(at); fields && yaml_kind(key) && !r->is_refused;
	     key = yaml_next_in(at, key)) {
		struct sigma_field_paths *field = &fields[out->field_count++];
		field->field = yaml_text(key);
		field->paths = read_list(r, yaml_value_of(key), &field->count);
	}
	out->fields = fields;
}

static void read_prefixes(struct sigma_reading *r, struct yaml at, struct sigma_mapping *out)
{
	struct sigma_prefix *prefixes = sigma_take(r, (yaml_count(at) + 1) * sizeof(*prefixes));

	for (struct yaml key = yaml_first(at); prefixes && yaml_kind(key) && !r->is_refused;
	     key = yaml_next_in(at, key)) {
		prefixes[out->prefix_count++] =
			(struct sigma_prefix){yaml_text(key), yaml_text(yaml_value_of(key))};
		if (yaml_text(key).len == 0 || yaml_kind(yaml_value_of(key)) != YAML_SINGLE)
			sigma_refuse(r, key, "write \"aws.cloudtrail.\": \"\"",
				     "this is no prefix and what it becomes");
	}
	out->prefixes = prefixes;
}

static void take_key(struct sigma_reading *r, struct yaml key, struct sigma_mapping *out)
{
	struct yaml value = yaml_value_of(key);
	struct str name = yaml_text(key);
	char shown[SIGMA_SHOWN_MAX];

	if (str_equal(name, STR("title")))
		out->title = yaml_text(value);
	else if (str_equal(name, STR("logsource")))
		read_logsources(r, value, out);
	else if (str_equal(name, STR("kinds")))
		read_kinds(r, value, out);
	else if (str_equal(name, STR("fields")))
		read_fields(r, value, out);
	else if (str_equal(name, STR("prefixes")))
		read_prefixes(r, value, out);
	else if (!str_equal(name, STR("case_insensitive_keys")))
		sigma_refuse(r, key,
			     "write title, logsource, kinds, fields, prefixes or "
			     "case_insensitive_keys",
			     "a mapping has no %s", sigma_show(name, shown));
	else if (!yaml_is_truth(value, &out->ignores_key_case))
		sigma_refuse(r, value, "write true or false", "this is neither true nor false");
}

static void read_mapping(struct sigma_reading *r, struct yaml root, struct sigma_mapping *out)
{
	if (yaml_kind(root) != YAML_MAP) {
		sigma_refuse(r, root, "write logsource, kinds and fields", "this is no mapping");
		return;
	}
	for (struct yaml key = yaml_first(root); yaml_kind(key) && !r->is_refused;
	     key = yaml_next_in(root, key))
		take_key(r, key, out);
	if (!r->is_refused && (out->kinds == 0 || out->logsource_count == 0))
		sigma_refuse(r, root, "write both", "a mapping needs logsource and kinds");
}

/* One document; NULL told. The tree lives as long as the reader. */
static struct yaml_reader *read_single(struct sigma_reading *r, struct str text, struct yaml *root)
{
	struct yaml_mistake mistake = {0};
	struct yaml_reader *reader = NULL;
	enum yaml_result result = YAML_NO_MEMORY;

	if (text.len <= SIGMA_FILE_MAX) {
		reader = yaml_reader_new(text, r->texts);
		if (reader)
			result = yaml_next(reader, root, &mistake);
	} else {
		sigma_refuse_at(r, 0, 0, "make it smaller", "this file has more than %d MiB",
				SIGMA_FILE_MAX >> 20);
		return NULL;
	}
	r->is_out_of_memory |= result == YAML_NO_MEMORY;
	if (result == YAML_WRONG)
		sigma_refuse_at(r, mistake.line, mistake.column, "mend it", "%s", mistake.what);
	else if (result == YAML_END)
		sigma_refuse_at(r, 0, 0, "write something into it", "this file is empty");
	return reader;
}

static int outcome(const struct sigma_reading *r)
{
	return r->is_out_of_memory ? -ENOMEM : r->is_refused ? -EINVAL : 0;
}

int sigma_mapping_read(struct str file, struct str text, struct arena *texts,
		       struct sigma_mapping *out, struct sigma_teller *teller)
{
	struct sigma_reading r = {
		.texts = texts, .file = arena_copy(texts, file), .teller = teller};
	struct yaml root;

	*out = (struct sigma_mapping){.file = r.file};
	struct yaml_reader *reader = read_single(&r, text, &root);
	if (!r.is_refused && !r.is_out_of_memory)
		read_mapping(&r, root, out);
	yaml_reader_free(reader);
	return outcome(&r);
}

static void read_placeholders(struct sigma_reading *r, struct yaml root,
			      struct sigma_placeholders *out)
{
	struct sigma_placeholder *at = sigma_take(r, (yaml_count(root) + 1) * sizeof(*at));

	if (yaml_kind(root) != YAML_MAP)
		sigma_refuse(r, root, "write `name: [value, ...]`",
			     "this is no list of placeholders");
	for (struct yaml key = yaml_first(root); at && yaml_kind(key) && !r->is_refused;
	     key = yaml_next_in(root, key)) {
		struct sigma_placeholder *one = &at[out->count++];
		one->name = yaml_text(key);
		one->values = read_list(r, yaml_value_of(key), &one->count);
	}
	out->at = at;
}

int sigma_placeholders_read(struct str file, struct str text, struct arena *texts,
			    struct sigma_placeholders *out, struct sigma_teller *teller)
{
	struct sigma_reading r = {
		.texts = texts, .file = arena_copy(texts, file), .teller = teller};
	struct yaml root;

	*out = (struct sigma_placeholders){0};
	struct yaml_reader *reader = read_single(&r, text, &root);
	if (!r.is_refused && !r.is_out_of_memory)
		read_placeholders(&r, root, out);
	yaml_reader_free(reader);
	return outcome(&r);
}

static bool is_part_of(const struct sigma_logsource *part, const struct sigma_logsource *whole)
{
	return (part->category.len == 0 || str_equal_nocase(part->category, whole->category)) &&
	       (part->product.len == 0 || str_equal_nocase(part->product, whole->product)) &&
	       (part->service.len == 0 || str_equal_nocase(part->service, whole->service));
}

static unsigned count_words(const struct sigma_logsource *source)
{
	return (source->category.len > 0) + (source->product.len > 0) + (source->service.len > 0);
}

/* A rule that says less than a mapping is for it, too; but one that says as much is meant more. */
static unsigned closeness(const struct sigma_mapping *mapping,
			  const struct sigma_logsource *logsource)
{
	unsigned best = 0;

	for (size_t i = 0; i < mapping->logsource_count; i++) {
		const struct sigma_logsource *own = &mapping->logsources[i];
		const unsigned words = is_part_of(own, logsource)   ? 1 + count_words(own)
				       : is_part_of(logsource, own) ? 1
								    : 0;
		best = words > best ? words : best;
	}
	return best;
}

size_t sigma_mappings_for(const struct sigma_mapping *mappings, size_t count,
			  const struct sigma_logsource *logsource, bool *serves)
{
	unsigned best = 1;
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const unsigned words = closeness(&mappings[i], logsource);
		best = words > best ? words : best;
	}
	for (size_t i = 0; i < count; i++) {
		serves[i] = closeness(&mappings[i], logsource) == best;
		found += serves[i];
	}
	return found;
}

size_t sigma_mapping_paths(const struct sigma_mapping *mapping, struct str field,
			   struct arena *texts, struct str *single, const struct str **out)
{
	const struct sigma_prefix *best = NULL;

	for (size_t i = 0; i < mapping->field_count; i++)
		if (mapping->ignores_key_case ? str_equal_nocase(mapping->fields[i].field, field)
					      : str_equal(mapping->fields[i].field, field)) {
			*out = mapping->fields[i].paths;
			return mapping->fields[i].count;
		}
	for (size_t i = 0; i < mapping->prefix_count; i++)
		if (str_starts(field, mapping->prefixes[i].before) &&
		    (!best || mapping->prefixes[i].before.len > best->before.len))
			best = &mapping->prefixes[i];
	*single = field;
	if (best)
		*single = arena_printf(texts, "%.*s%.*s", STR_ARG(best->after),
				       STR_ARG(str_skip(field, best->before.len)));
	*out = single;
	return single->len > 0 ? 1 : 0;
}
