#include "programs/sigma_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/reader.h"
#include "programs/file_text.h"
#include "programs/inputs.h"
#include "programs/sealed.h"
#include "programs/shipped_folder.h"

enum { FILE_RULES, FILE_MAPPING, FILE_PLACEHOLDERS, FILE_PRICES, TEXTS_BYTES = 8 << 20 };

void sigma_files_folder(char path[PATH_MAX])
{
	shipped_folder("/rules", "/rules", path);
}

/* -- sharing -- */

struct sharing {
	const struct sigma_named *named;
	struct buf all; /* of each file: what it is, lengths of name and text, name, text */
	uint32_t files;
	struct error *why;
};

static int too_much(struct sharing *s)
{
	return error_set(s->why, -EFBIG,
			 "the rules are more than %d files or %d MiB: name fewer of them",
			 SIGMA_FILES_MAX, SIGMA_FILES_BYTES_MAX >> 20);
}

static int add_file(struct sharing *s, uint32_t what, const char *path)
{
	CLEANUP(buf_fini) struct buf text = {0};
	/* what is longer is told by the reader of rules, with the file's name */
	const size_t most = what == FILE_PRICES ? PRICE_FILE_MAX : SIGMA_FILE_MAX;
	const int result = file_text_read(path, most, &text);

	if (result == -ENOMEM)
		return error_set(s->why, result, "no memory for the rules");
	if (result < 0) {
		s->named->unread(s->named->context, path, file_text_trouble(result));
		return 0;
	}
	const uint32_t head[] = {what, (uint32_t)strlen(path), (uint32_t)text.len};
	if (s->files == SIGMA_FILES_MAX ||
	    s->all.len + sizeof(head) + head[1] + text.len > SIGMA_FILES_BYTES_MAX)
		return too_much(s);
	buf_add_bytes(&s->all, head, sizeof(head));
	buf_add_text(&s->all, path);
	buf_add(&s->all, buf_view(&text));
	s->files++;
	return s->all.failed ? error_set(s->why, -ENOMEM, "no memory for the rules") : 0;
}

static bool is_yaml(const char *path)
{
	return str_ends(str_from(path), STR(".yml")) || str_ends(str_from(path), STR(".yaml"));
}

static int add_path(struct sharing *s, uint32_t what, const char *path)
{
	struct inputs inputs = {0};
	size_t taken = 0;
	int result = inputs_add(&inputs, path);

	if (result < 0)
		error_set(s->why, result, "no memory for the rules");
	for (size_t i = 0; i < inputs.count && result == 0; i++) {
		if (inputs.origins[i] != INPUT_NAMED && !is_yaml(inputs.paths[i]))
			continue;
		result = add_file(s, what, inputs.paths[i]);
		taken++;
	}
	if (taken == 0 && result == 0)
		s->named->unread(s->named->context, path,
				 "no file in this folder ends in .yml or .yaml");
	inputs_fini(&inputs);
	return result;
}

static int add_mappings(struct sharing *s)
{
	char folder[PATH_MAX], path[PATH_MAX + sizeof("/mappings")];

	if (s->named->mappings)
		return add_path(s, FILE_MAPPING, s->named->mappings);
	sigma_files_folder(folder);
	snprintf(path, sizeof(path), "%s/mappings", folder);
	return access(path, F_OK) == 0 ? add_path(s, FILE_MAPPING, path) : 0;
}

int sigma_files_share(const struct sigma_named *named, struct error *why)
{
	struct sharing s = {.named = named, .why = why};
	int result = 0;

	if (named->placeholders)
		result = add_file(&s, FILE_PLACEHOLDERS, named->placeholders);
	if (named->prices && result == 0)
		result = add_file(&s, FILE_PRICES, named->prices);
	if (result == 0)
		result = add_mappings(&s);
	for (size_t i = 0; i < named->rule_count && result == 0; i++)
		result = add_path(&s, FILE_RULES, named->rules[i]);
	if (result == 0) {
		buf_add_byte(&s.all, '\0'); /* a memory file is never empty; see the end of load */
		result = s.all.failed ? -ENOMEM : sealed_make("davy-sigma", buf_view(&s.all));
		if (result < 0)
			error_set(why, result, "the rules cannot be handed to a worker: %s",
				  strerror(-result));
	}
	buf_fini(&s.all);
	return result;
}

/* -- in a worker -- */

static int load_prices(struct sigma_loaded *out, struct str name, struct str text)
{
	CLEANUP(buf_fini) struct buf file = {0};

	buf_add_printable(&file, name, PATH_MAX);
	buf_add_byte(&file, '\0');
	if (file.failed)
		return -ENOMEM;
	const int result = computing_prices_read(file.at, text, &out->prices, &out->price_trouble);
	return result == -ENOMEM ? result : 0;
}

static int load_file(struct sigma_loaded *out, uint32_t what, struct str name, struct str text,
		     struct sigma_teller *teller)
{
	int result = 0;

	switch (what) {
	case FILE_RULES:
		out->files++;
		return sigma_rules_read(&out->rules, name, text, &out->placeholders, teller);
	case FILE_MAPPING:
		if (out->mapping_count == SIGMA_MAPPINGS_MAX)
			return -ENOMEM;
		result = sigma_mapping_read(name, text, &out->texts,
					    &out->mappings[out->mapping_count], teller);
		out->mapping_count += result == 0;
		break;
	case FILE_PLACEHOLDERS:
		result = sigma_placeholders_read(name, text, &out->texts, &out->placeholders,
						 teller);
		break;
	case FILE_PRICES:
		return load_prices(out, name, text);
	default:
		return -EPROTO;
	}
	out->wrong_files += result == -EINVAL;
	return result == -EINVAL ? 0 : result;
}

static int load_all(struct str all, struct sigma_teller *teller, struct sigma_loaded *out)
{
	struct reader in = reader_of(str_sub(all, 0, all.len - 1));
	uint32_t what, name_len, text_len;
	struct str name, text;
	int result = 0;

	while (reader_left(&in) > 0 && result == 0) {
		if (!read_le32(&in, &what) || !read_le32(&in, &name_len) ||
		    !read_le32(&in, &text_len) || !read_span(&in, name_len, &name) ||
		    !read_span(&in, text_len, &text))
			return -EPROTO;
		result = load_file(out, what, name, text, teller);
	}
	return result;
}

int sigma_files_load(int descriptor, struct sigma_teller *teller, struct sigma_loaded *out)
{
	struct str all;
	int result;

	*out = (struct sigma_loaded){0};
	if (!sealed_map(descriptor, &all))
		return -EPROTO;
	if (arena_init(&out->texts, TEXTS_BYTES) < 0 || sigma_rules_init(&out->rules, 0) < 0) {
		munmap((void *)all.at, all.len);
		return -ENOMEM;
	}
	result = load_all(all, teller, out);
	munmap((void *)all.at, all.len); /* rules keep copies */
	if (result < 0)
		return result;
	sigma_rules_join(&out->rules, teller);
	if (out->mapping_count > 0)
		sigma_rules_find_sources(&out->rules, out->mappings, out->mapping_count, teller);
	return 0;
}

void sigma_loaded_fini(struct sigma_loaded *loaded)
{
	sigma_rules_fini(&loaded->rules);
	computing_prices_free(loaded->prices);
	arena_fini(&loaded->texts);
}
