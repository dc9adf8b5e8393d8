#include "decode/record/record_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/nearest.h"
#include "decode/record/acts.h"
#include "decode/record/fields.h"
#include "decode/record/flow_azure.h"
#include "decode/record/flow_gcp.h"
#include "decode/record/flow_vpc.h"
#include "decode/record/record_splitter.h"
#include "decode/record/resolver.h"
#include "decode/record/s3_access.h"
#include "decode/record/unwrap.h"

enum {
	STEPS_MAX = 12, /* wrappings of one record, those that are no text among them */
	WALKS_MAX = 4,	/* lists in lists */
	NAME_SHOWN = 160,
};

/* A text that was opened: its JSON, and its bytes where it had to be unescaped. */
struct layer {
	struct json doc;
	struct buf text;
};

/* A list inside of a piece, whose items are records. */
struct walk {
	struct json_value list, item;
	size_t layer;
};

struct record_stream {
	struct record_splitter *splitter;
	struct json_node *nodes; /* of all layers, one behind the other */
	uint32_t node_max;
	size_t record_max;
	struct arena scratch;
	struct layer layers[RECORD_LAYERS_MAX + 1];
	struct walk walks[WALKS_MAX];
	size_t walk_count;
	struct record_piece piece;
	struct str rest; /* of the piece, behind its first record */
	/* a record that is many flows; with the value and layer it was found at */
	struct azure_flows flows;
	bool walks_flows;
	struct json_value flows_value;
	/* of an input */
	struct str name;
	struct vpc_format format;
	struct record_stream_counters counters;
};

enum found {
	FOUND_RECORD,
	FOUND_NOTHING, /* nothing to tell: a header, an empty list, the end of a list */
	FOUND_BAD,
	FOUND_UNKNOWN, /* a line of no known kind */
};

/* -- its life -- */

int record_stream_new(const struct record_stream_settings *settings, struct record_stream **out)
{
	struct record_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return -ENOMEM;
	stream->record_max = settings->record_max ? settings->record_max : RECORD_SIZE_DEFAULT;
	stream->node_max = settings->node_max ? settings->node_max : RECORD_NODES_DEFAULT;
	stream->nodes = malloc(stream->node_max * sizeof(*stream->nodes));
	/* each text with escapes is copied once: room for all of a record's, and for lists */
	if (!stream->nodes || arena_init(&stream->scratch, 2 * stream->record_max + 65536) < 0 ||
	    record_splitter_new(stream->record_max, &stream->splitter) < 0) {
		record_stream_free(stream);
		return -ENOMEM;
	}
	*out = stream;
	return 0;
}

void record_stream_free(struct record_stream *stream)
{
	if (!stream)
		return;
	for (size_t i = 0; i <= RECORD_LAYERS_MAX; i++)
		buf_fini(&stream->layers[i].text);
	record_splitter_free(stream->splitter);
	arena_fini(&stream->scratch);
	free(stream->nodes);
	free(stream);
}

static int read_as(struct str as, struct vpc_format *out, struct error *why)
{
	CLEANUP(buf_fini) struct buf shown = {0};
	struct str kind, names;
	bool has_names = str_cut(as, ':', &kind, &names);

	*out = (struct vpc_format){0};
	if (as.len == 0)
		return 0;
	if (!str_equal_nocase(kind, STR("vpcflow"))) {
		buf_add_printable(&shown, kind, 40);
		return error_set(why, -EINVAL,
				 "\"%.*s\" is no kind of log that has to be named; write "
				 "vpcflow:FIELD,FIELD,... for VPC flow logs without a header, and "
				 "nothing for all others",
				 (int)shown.len, shown.at ? shown.at : "");
	}
	if (has_names)
		return vpc_format_parse(names, out, why);
	*out = vpc_format_default();
	return 0;
}

int record_stream_begin(struct record_stream *stream, struct str name, struct str as,
			struct error *why)
{
	record_splitter_reset(stream->splitter);
	stream->walk_count = 0;
	stream->walks_flows = false;
	stream->rest = (struct str){0};
	stream->name = name;
	stream->counters = (struct record_stream_counters){0};
	return read_as(as, &stream->format, why);
}

void record_stream_feed(struct record_stream *stream, struct str bytes)
{
	stream->counters.bytes += bytes.len;
	record_splitter_feed(stream->splitter, bytes);
}

void record_stream_end(struct record_stream *stream)
{
	record_splitter_end(stream->splitter);
}

struct record_stream_counters record_stream_counters(const struct record_stream *stream)
{
	return stream->counters;
}

/* -- what cannot be read -- */

static enum found bad(struct record_stream *stream, struct error *why, const char *what)
{
	CLEANUP(buf_fini) struct buf name = {0};

	stream->counters.unreadable++;
	if (!why)
		return FOUND_BAD;
	buf_add_printable(&name, stream->name, NAME_SHOWN);
	error_set(why, -EINVAL, "%.*s: line %" PRIu64 ", byte %" PRIu64 ": %s", (int)name.len,
		  name.at ? name.at : "", stream->piece.line, stream->piece.offset, what);
	return FOUND_BAD;
}

static enum found bad_piece(struct record_stream *stream, enum piece_damage damage,
			    struct error *why)
{
	static const char *const sentences[] = {
		[PIECE_WHOLE] = "this is JSON, but no record; it was passed over",
		[PIECE_DAMAGED] = "this record is damaged and was passed over; what follows was "
				  "read. Fetch the file again if it was copied",
		[PIECE_CUT] = "the input ends inside of a record or of a list; fetch the file "
			      "again, or wait until it is written",
		[PIECE_TOO_LARGE] = "this record is larger than one may be and was passed over; "
				    "allow larger records, or look at it by hand",
	};

	return bad(stream, why, sentences[damage]);
}

static enum found bad_line(struct record_stream *stream, struct error *why)
{
	return bad(stream, why,
		   stream->format.count > 0
			   ? "this line is no VPC flow with the fields of its header; look at the "
			     "header, or name the fields with --as vpcflow:FIELD,FIELD,..."
			   : "this line is of no log that is known here; name the fields of VPC "
			     "flow logs without a header with --as vpcflow:FIELD,FIELD,...");
}

/* -- one record -- */

/* All but the union. */
static void begin_record(const struct record_stream *stream, struct json_value whole,
			 struct record *out)
{
	out->kind = RECORD_OTHER;
	out->time = (instant){0};
	out->id = (struct str){0};
	out->whole = whole;
	out->text = stream->piece.text;
	out->source = stream->name;
	out->offset = stream->piece.offset;
	out->line = stream->piece.line;
}

static enum found vpc_found(struct record_stream *stream, enum vpc_read read)
{
	stream->counters.no_data += read == VPC_NO_DATA;
	stream->counters.skipped_data += read == VPC_SKIPPED;
	return read == VPC_FLOW ? FOUND_RECORD : FOUND_NOTHING;
}

/* A header that stands in a string is somebody's message: it does not say how lines are read. */
static enum found take_line(struct record_stream *stream, struct str line, bool is_in_string,
			    struct record *out)
{
	struct vpc_format format;
	enum vpc_read read;

	begin_record(stream, (struct json_value){0}, out);
	if (stream->format.count == 0 && vpc_line_is_default(line))
		stream->format = vpc_format_default();
	if (stream->format.count > 0) {
		read = vpc_line_read(&stream->format, line, out);
		if (read != VPC_UNREADABLE)
			return vpc_found(stream, read);
	}
	if (!is_in_string && vpc_format_of_header(line, &format)) {
		stream->format = format;
		return FOUND_NOTHING;
	}
	return s3_access_read(line, &stream->scratch, out) ? FOUND_RECORD : FOUND_UNKNOWN;
}

static enum found next_flow(struct record_stream *stream, struct record *out, struct error *why)
{
	begin_record(stream, stream->flows_value, out);
	switch (azure_flows_next(&stream->flows, out)) {
	case AZURE_FLOW:
		return FOUND_RECORD;
	case AZURE_UNREADABLE:
		return bad(stream, why,
			   "one of the flows in this record cannot be read and was passed over");
	default:
		stream->walks_flows = false;
		return FOUND_NOTHING;
	}
}

/* The record's own text, or one that it lies in, is not as a writer of JSON leaves it. */
static bool is_doubtful(const struct record_stream *stream, size_t layer)
{
	const uint32_t flaws = JSON_FLAW_CUT | JSON_FLAW_SYNTAX | JSON_FLAW_BARE_WORD;

	if (stream->piece.damage != PIECE_WHOLE)
		return true;
	for (size_t i = 0; i <= layer; i++)
		if (stream->layers[i].doc.flaws & flaws)
			return true;
	return false;
}

static enum found decode_act(struct record_stream *stream, struct json_value value,
			     struct record *out)
{
	out->act = (struct record_act){0};
	out->kind = acts_kind_of(value);
	if (out->kind != RECORD_OTHER && !acts_decode(out->kind, value, &stream->scratch, out)) {
		begin_record(stream, value, out);
		out->act = (struct record_act){0};
	}
	return FOUND_RECORD;
}

static enum found decode_known(struct record_stream *stream, const struct look *look,
			       struct json_value value, struct record *out)
{
	enum vpc_read read;

	begin_record(stream, value, out);
	if ((look->has_flow_records || look->has_properties) &&
	    azure_flows_begin(value, &stream->scratch, &stream->flows)) {
		stream->walks_flows = true;
		stream->flows_value = value;
		return FOUND_NOTHING;
	}
	if (look->has_query_name && resolver_read(value, &stream->scratch, out))
		return FOUND_RECORD;
	if (look->has_json_payload && gcp_flow_read(value, &stream->scratch, out))
		return FOUND_RECORD;
	if (look->has_addresses && vpc_json_read(value, &stream->scratch, out, &read))
		return vpc_found(stream, read);
	return decode_act(stream, value, out);
}

static enum found decode(struct record_stream *stream, size_t layer, const struct look *look,
			 struct json_value value, struct record *out, struct error *why)
{
	enum found found = decode_known(stream, look, value, out);

	if (found != FOUND_RECORD || !is_doubtful(stream, layer))
		return found;
	if (out->kind == RECORD_OTHER)
		return bad_piece(stream,
				 stream->piece.damage ? stream->piece.damage : PIECE_DAMAGED, why);
	stream->counters.mended++;
	return FOUND_RECORD;
}

/* -- what it is wrapped in -- */

/* Reads a text as JSON into a layer; the bytes of it, or 0: it has more values than fit. */
static size_t read_layer(struct record_stream *stream, size_t layer, struct str text)
{
	struct json *doc = &stream->layers[layer].doc;
	struct json_node *nodes = stream->nodes;

	if (layer > 0) {
		const struct json *below = &stream->layers[layer - 1].doc;
		nodes = below->nodes + below->count;
	}
	*doc = (struct json){.nodes = nodes,
			     .cap = stream->node_max - (uint32_t)(nodes - stream->nodes)};
	size_t used = json_read(doc, text);
	return doc->flaws & JSON_FLAW_FULL ? 0 : used;
}

static struct str decode_base64(struct str text, struct buf *out)
{
	size_t len;

	if (!buf_reserve(out, text.len / 4 * 3 + 3) ||
	    sodium_base642bin((unsigned char *)out->at, out->cap, text.at, text.len, " \r\n", &len,
			      NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return (struct str){0};
	return str_of(out->at, len);
}

/* The text that lies in a string; empty: it cannot be had. */
static struct str open_text(struct record_stream *stream, size_t layer, struct json_value v,
			    bool is_base64)
{
	struct buf *room = &stream->layers[layer].text;
	struct str raw = json_raw_text(v);

	buf_clear(room);
	if (str_find_byte(raw, '\\') >= 0) {
		if (is_base64 || !buf_reserve(room, raw.len))
			return (struct str){0};
		raw = json_text(v, room->at, room->cap);
	}
	return str_trim(is_base64 ? decode_base64(raw, room) : raw);
}

static bool begin_walk(struct record_stream *stream, size_t layer, struct json_value list)
{
	if (stream->walk_count == WALKS_MAX)
		return false;
	stream->walks[stream->walk_count++] =
		(struct walk){.list = list, .item = json_first(list), .layer = layer};
	return true;
}

enum opened { OPENED_JSON, OPENED_LINE, OPENED_NOTHING };

/* Of a string in `*layer`: with OPENED_JSON `*value` is what it says, one layer further in. */
static enum opened open_string(struct record_stream *stream, size_t *layer, bool is_base64,
			       struct json_value *value, struct str *text)
{
	if (*layer == RECORD_LAYERS_MAX)
		return OPENED_NOTHING;
	*text = open_text(stream, *layer + 1, *value, is_base64);
	if (text->len == 0)
		return OPENED_NOTHING;
	if (text->at[0] != '{' && text->at[0] != '[')
		return OPENED_LINE;
	if (read_layer(stream, *layer + 1, *text) == 0)
		return OPENED_NOTHING;
	struct json_value root = json_root(&stream->layers[*layer + 1].doc);
	if (json_kind(root) == JSON_ARRAY) {
		if (json_kind(json_first(root)) != JSON_OBJECT ||
		    !begin_walk(stream, *layer + 1, root))
			return OPENED_NOTHING;
		root = json_first(root);
	}
	(*layer)++;
	*value = root;
	return OPENED_JSON;
}

/* A cluster's audit event does not say of which cluster it is: what Azure wraps it in does. */
static void name_cluster(struct record_stream *stream, struct json_value resource_id,
			 struct record *out)
{
	if (out->kind == RECORD_KUBE_AUDIT && out->act.account.len == 0)
		out->act.account = field_text(resource_id, &stream->scratch);
}

static enum found take_value(struct record_stream *stream, size_t layer, struct json_value value,
			     struct record *out, struct error *why)
{
	struct json_value inner, cluster = {0};
	enum found found;
	enum opened opened;
	struct look look;
	struct str text;

	arena_reset(&stream->scratch);
	for (int step = 0; step < STEPS_MAX; step++) {
		enum wrapping wrapping = unwrap_look(value, &look, &inner);
		if (wrapping == WRAPPING_EMPTY)
			return FOUND_NOTHING;
		if (wrapping == WRAPPING_NONE)
			break;
		if (json_exists(look.resource_id))
			cluster = look.resource_id;
		if (wrapping == WRAPPING_LIST && !begin_walk(stream, layer, inner))
			break;
		if (wrapping == WRAPPING_VALUE || wrapping == WRAPPING_LIST) {
			value = wrapping == WRAPPING_LIST ? json_first(inner) : inner;
			continue;
		}
		opened = open_string(stream, &layer, wrapping == WRAPPING_BASE64, &inner, &text);
		if (opened == OPENED_LINE) {
			found = take_line(stream, text, true, out);
			if (found != FOUND_UNKNOWN)
				return found;
		}
		if (opened != OPENED_JSON)
			break; /* a text of another kind: the object itself is the record */
		value = inner;
	}
	found = decode(stream, layer, &look, value, out, why);
	if (found == FOUND_RECORD)
		name_cluster(stream, cluster, out);
	return found;
}

static enum found next_item(struct record_stream *stream, struct record *out, struct error *why)
{
	struct walk *walk = &stream->walks[stream->walk_count - 1];

	walk->item = json_next(walk->item);
	if (!json_exists(walk->item)) {
		stream->walk_count--;
		return FOUND_NOTHING;
	}
	if (json_kind(walk->item) != JSON_OBJECT)
		return bad_piece(stream, stream->piece.damage, why);
	return take_value(stream, walk->layer, walk->item, out, why);
}

/* What stands in a line behind its record, without what parts the two. */
static void keep_rest(struct record_stream *stream, size_t used)
{
	struct str rest = str_skip(stream->piece.text, used);

	stream->piece.text.len -= rest.len;
	while (rest.len > 0 && strchr(" \t\r\n,]}", rest.at[0]))
		rest = str_skip(rest, 1);
	stream->rest = rest;
}

static bool next_piece(struct record_stream *stream)
{
	struct record_piece *piece = &stream->piece;

	if (stream->rest.len == 0)
		return record_splitter_next(stream->splitter, piece);
	piece->offset += (size_t)(stream->rest.at - piece->text.at);
	piece->text = stream->rest;
	piece->is_line = piece->text.at[0] != '{';
	stream->rest = (struct str){0};
	return true;
}

static enum found take_piece(struct record_stream *stream, struct record *out, struct error *why)
{
	const struct record_piece *piece = &stream->piece;
	enum found found;
	size_t used;

	if (piece->damage == PIECE_TOO_LARGE)
		return bad_piece(stream, stream->piece.damage, why);
	if (piece->is_line && str_equal(piece->text, STR("null")))
		return FOUND_NOTHING; /* JSON that says of itself that it is nothing */
	if (piece->is_line) {
		arena_reset(&stream->scratch);
		found = take_line(stream, piece->text, false, out);
		return found == FOUND_UNKNOWN ? bad_line(stream, why) : found;
	}
	if (piece->text.len == 0)
		return bad_piece(stream, stream->piece.damage, why);
	used = read_layer(stream, 0, piece->text);
	if (piece->damage == PIECE_WHOLE && used > 0 && used < piece->text.len)
		keep_rest(stream, used);
	if (used == 0)
		return bad(stream, why,
			   "this record has more values than one may have and was passed over; "
			   "look at it by hand");
	struct json_value root = json_root(&stream->layers[0].doc);
	if (json_kind(root) != JSON_OBJECT)
		return bad_piece(stream, stream->piece.damage, why);
	return take_value(stream, 0, root, out, why);
}

enum record_stream_state record_stream_next(struct record_stream *stream, struct record *out,
					    struct error *why)
{
	enum found found;

	do {
		if (stream->walks_flows) {
			found = next_flow(stream, out, why);
		} else if (stream->walk_count > 0) {
			found = next_item(stream, out, why);
		} else {
			if (!next_piece(stream))
				return RECORD_STREAM_MORE;
			found = take_piece(stream, out, why);
		}
	} while (found == FOUND_NOTHING);
	if (found == FOUND_BAD)
		return RECORD_STREAM_BAD;
	stream->counters.records[out->kind]++;
	return RECORD_STREAM_READY;
}
