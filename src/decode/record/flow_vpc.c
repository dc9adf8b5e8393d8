#include "decode/record/flow_vpc.h"

#include <errno.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/nearest.h"
#include "decode/record/fields.h"

enum field {
	OTHER_FIELD, /* known, and not needed */
	VERSION,
	ACCOUNT,
	INTERFACE,
	SOURCE,
	DESTINATION,
	SOURCE_PORT,
	DESTINATION_PORT,
	PROTOCOL,
	PACKETS,
	BYTES,
	START,
	END,
	ACTION,
	STATUS,
	NETWORK,
	SUBNET,
	INSTANCE,
	TCP_FLAGS,
	PACKET_SOURCE,
	PACKET_DESTINATION,
	REGION,
	DIRECTION,
	UNKNOWN_FIELD,
};

/* In the order of Amazon's table; the default format is the first 14. */
static const struct {
	const char *name;
	enum field field;
} fields[] = {
	{"version", VERSION},
	{"account-id", ACCOUNT},
	{"interface-id", INTERFACE},
	{"srcaddr", SOURCE},
	{"dstaddr", DESTINATION},
	{"srcport", SOURCE_PORT},
	{"dstport", DESTINATION_PORT},
	{"protocol", PROTOCOL},
	{"packets", PACKETS},
	{"bytes", BYTES},
	{"start", START},
	{"end", END},
	{"action", ACTION},
	{"log-status", STATUS},
	{"vpc-id", NETWORK},
	{"subnet-id", SUBNET},
	{"instance-id", INSTANCE},
	{"tcp-flags", TCP_FLAGS},
	{"type", OTHER_FIELD},
	{"pkt-srcaddr", PACKET_SOURCE},
	{"pkt-dstaddr", PACKET_DESTINATION},
	{"region", REGION},
	{"az-id", OTHER_FIELD},
	{"sublocation-type", OTHER_FIELD},
	{"sublocation-id", OTHER_FIELD},
	{"pkt-src-aws-service", OTHER_FIELD},
	{"pkt-dst-aws-service", OTHER_FIELD},
	{"flow-direction", DIRECTION},
	{"traffic-path", OTHER_FIELD},
	{"ecs-cluster-arn", OTHER_FIELD},
	{"ecs-cluster-name", OTHER_FIELD},
	{"ecs-container-instance-arn", OTHER_FIELD},
	{"ecs-container-instance-id", OTHER_FIELD},
	{"ecs-container-id", OTHER_FIELD},
	{"ecs-second-container-id", OTHER_FIELD},
	{"ecs-service-name", OTHER_FIELD},
	{"ecs-task-definition-arn", OTHER_FIELD},
	{"ecs-task-arn", OTHER_FIELD},
	{"ecs-task-id", OTHER_FIELD},
	{"reject-reason", OTHER_FIELD},
	{"resource-id", OTHER_FIELD},
	{"encryption-status", OTHER_FIELD},
	/* as Amazon's own table definitions for Athena call them */
	{"account", ACCOUNT},
	{"sourceaddress", SOURCE},
	{"destinationaddress", DESTINATION},
	{"sourceport", SOURCE_PORT},
	{"destinationport", DESTINATION_PORT},
	{"numpackets", PACKETS},
	{"numbytes", BYTES},
	{"starttime", START},
	{"endtime", END},
};

enum { FIELD_NAMES = sizeof(fields) / sizeof(*fields), DEFAULT_FIELDS = 14 };

/* What a record is made of, as texts; a flow is made when all were seen, for order means nothing.
 */
struct columns {
	struct str texts[UNKNOWN_FIELD];
};

static bool is_filler(char c)
{
	return c == '-' || c == '_';
}

/* "subNetId", "subnet_id" and "subnet-id" are one name. */
static bool is_same_name(struct str written, const char *name)
{
	size_t i = 0;

	for (; *name; name++) {
		if (is_filler(*name))
			continue;
		while (i < written.len && is_filler(written.at[i]))
			i++;
		if (i == written.len || (written.at[i] | 0x20) != *name)
			return false;
		i++;
	}
	return i == written.len;
}

static enum field field_of(struct str name)
{
	for (size_t i = 0; name.len > 0 && i < FIELD_NAMES; i++)
		if ((name.at[0] | 0x20) == fields[i].name[0] && is_same_name(name, fields[i].name))
			return fields[i].field;
	return UNKNOWN_FIELD;
}

struct vpc_format vpc_format_default(void)
{
	struct vpc_format format = {.count = DEFAULT_FIELDS};

	for (size_t i = 0; i < DEFAULT_FIELDS; i++)
		format.columns[i] = (uint8_t)fields[i].field;
	return format;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Without its quotes; `at` is left on what ends it. */
static struct str quoted_field(const char **at, const char *end)
{
	const char *from = *at + 1, *close = memchr(from, '"', (size_t)(end - from));

	*at = close ? close + 1 : end;
	return str_of(from, (size_t)((close ? close : end) - from));
}

/* The next field of a line; false at the end of it. */
static bool take_field(struct str *rest, struct str *out)
{
	const char *at = rest->at, *end = at + rest->len;

	while (at < end && is_blank(*at))
		at++;
	if (at == end)
		return false;
	if (*at == '"') {
		*out = quoted_field(&at, end);
	} else {
		const char *from = at;
		while (at < end && !is_blank(*at) && *at != ',')
			at++;
		*out = str_of(from, (size_t)(at - from));
	}
	while (at < end && is_blank(*at))
		at++;
	if (at < end && *at == ',')
		at++;
	*rest = str_of(at, (size_t)(end - at));
	return true;
}

#ifdef __SSE2__
/* Which of 16 bytes end a field, or are quotes; those that are no field's end are in *other. */
static unsigned ends_of(const char *at, unsigned *other)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)at);
	__m128i spaces = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' '));
	__m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')),
				     _mm_cmpeq_epi8(bytes, _mm_set1_epi8(',')));

	*other = (unsigned)_mm_movemask_epi8(
		_mm_or_si128(marks, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'))));
	return (unsigned)_mm_movemask_epi8(spaces);
}

/* A line as Amazon writes them: one space between two fields. 0: it is another. */
static size_t cut_plain(struct str line, struct str out[VPC_COLUMNS_MAX])
{
	size_t count = 0, from = 0, at = 0;

	while (line.len >= 16 && at < line.len) {
		size_t start = line.len - at < 16 ? line.len - 16 : at; /* the last 16 again */
		unsigned other, ends = ends_of(line.at + start, &other) >> (at - start);
		for (; ends; ends &= ends - 1) {
			size_t end = at + (size_t)__builtin_ctz(ends);
			if (end == from || count == VPC_COLUMNS_MAX - 1)
				return 0;
			out[count++] = str_of(line.at + from, end - from);
			from = end + 1;
		}
		if (other)
			return 0;
		at = start + 16;
	}
	if (from == line.len || count == 0)
		return 0;
	out[count++] = str_of(line.at + from, line.len - from);
	return count;
}
#else
static size_t cut_plain(struct str line, struct str out[VPC_COLUMNS_MAX])
{
	return 0;
}
#endif

/* All fields of a line; more than VPC_COLUMNS_MAX: those, and one more is counted. */
static size_t cut_line(struct str line, struct str out[VPC_COLUMNS_MAX])
{
	size_t count = cut_plain(line, out);
	struct str text;

	if (count > 0)
		return count;
	for (; take_field(&line, &text); count++) {
		if (count == VPC_COLUMNS_MAX)
			return count + 1;
		out[count] = text;
	}
	return count;
}

bool vpc_line_is_default(struct str line)
{
	struct str rest = line, text, first;
	uint64_t number;
	size_t count = 1;

	/* the first field is told before all are counted: this is asked of any line of text */
	if (!take_field(&rest, &first) || !number_from_text(first, &number) || number < 2 ||
	    number > 99 || !take_field(&rest, &text))
		return false;
	for (count = 2; take_field(&rest, &text); count++)
		if (count == 7 && !number_from_text(text, &number) && !str_equal(text, STR("-")))
			return false;
	return count == DEFAULT_FIELDS &&
	       (str_equal(text, STR("OK")) || str_equal(text, STR("NODATA")) ||
		str_equal(text, STR("SKIPDATA")));
}

bool vpc_format_of_header(struct str line, struct vpc_format *out)
{
	struct vpc_format format = {0};
	struct str name;
	size_t known = 0;

	while (take_field(&line, &name)) {
		enum field field = field_of(name);
		if (format.count == 0 && field == UNKNOWN_FIELD)
			return false;
		if (format.count == VPC_COLUMNS_MAX)
			return false;
		known += field != UNKNOWN_FIELD;
		format.columns[format.count++] =
			(uint8_t)(field == UNKNOWN_FIELD ? OTHER_FIELD : field);
	}
	if (known < 3 || known * 2 < format.count)
		return false;
	*out = format;
	return true;
}

static int unknown_field(struct str name, struct error *why)
{
	struct nearest nearest = nearest_to(name);
	CLEANUP(buf_fini) struct buf shown = {0};

	for (size_t i = 0; i < FIELD_NAMES; i++)
		nearest_offer(&nearest, str_from(fields[i].name));
	buf_add_printable(&shown, name, 60);
	return error_set(why, -EINVAL,
			 "vpcflow: no field of VPC flow logs is called \"%.*s\"; the nearest is "
			 "%.*s. Write the fields as the flow log's format has them, "
			 "e.g. vpcflow:version,account-id,interface-id,srcaddr",
			 (int)shown.len, shown.at ? shown.at : "", STR_ARG(nearest.best));
}

static bool has_field(const struct vpc_format *format, enum field field)
{
	for (size_t i = 0; i < format->count; i++)
		if (format->columns[i] == field)
			return true;
	return false;
}

int vpc_format_parse(struct str names, struct vpc_format *out, struct error *why)
{
	struct vpc_format format = {0};
	struct str name;

	while (take_field(&names, &name)) {
		enum field field = field_of(name);
		if (field == UNKNOWN_FIELD)
			return unknown_field(name, why);
		if (format.count == VPC_COLUMNS_MAX)
			return error_set(why, -EINVAL, "vpcflow: more than %d fields are named",
					 VPC_COLUMNS_MAX);
		format.columns[format.count++] = (uint8_t)field;
	}
	if (!(has_field(&format, SOURCE) || has_field(&format, PACKET_SOURCE)) ||
	    !(has_field(&format, DESTINATION) || has_field(&format, PACKET_DESTINATION)))
		return error_set(why, -EINVAL,
				 "vpcflow: without srcaddr and dstaddr (or pkt-srcaddr and "
				 "pkt-dstaddr) a line tells of no flow; name all fields in the "
				 "order of the lines");
	*out = format;
	return 0;
}

/* -- a flow of its columns -- */

static bool is_absent(struct str text)
{
	return text.len == 0 || (text.len == 1 && text.at[0] == '-');
}

static struct str present(struct str text)
{
	return is_absent(text) ? (struct str){0} : text;
}

/* True as well when it is not told. */
static bool take_number(struct str text, uint64_t most, uint64_t *out)
{
	*out = 0;
	return is_absent(text) || (number_from_text(text, out) && *out <= most);
}

/* The packet's own address where it is told: the other may be a NAT's, or the node's of a pod. */
static bool take_address(struct str packet, struct str interface, struct address *out)
{
	return address_from_text(is_absent(packet) ? interface : packet, out);
}

static bool take_time(struct str text, instant *out)
{
	uint64_t number;

	if (number_from_text(text, &number))
		*out = time_from_number(number);
	else if (!is_absent(text))
		return time_from_text(text, out);
	return true;
}

static bool take_numbers(const struct str *texts, struct record_flow *flow)
{
	uint64_t source_port, destination_port, protocol, flags;

	if (!take_number(texts[SOURCE_PORT], UINT16_MAX, &source_port) ||
	    !take_number(texts[DESTINATION_PORT], UINT16_MAX, &destination_port) ||
	    !take_number(texts[PROTOCOL], UINT8_MAX, &protocol) ||
	    !take_number(texts[TCP_FLAGS], UINT8_MAX, &flags) ||
	    !take_number(texts[PACKETS], UINT64_MAX, &flow->packets) ||
	    !take_number(texts[BYTES], UINT64_MAX, &flow->bytes))
		return false;
	flow->source.port = (uint16_t)source_port;
	flow->destination.port = (uint16_t)destination_port;
	flow->protocol = (uint8_t)protocol;
	flow->tcp_flags = (uint8_t)flags;
	return true;
}

static void take_texts(const struct str *texts, struct record_flow *flow)
{
	struct str action = texts[ACTION], direction = texts[DIRECTION];

	flow->account = present(texts[ACCOUNT]);
	flow->region = present(texts[REGION]);
	flow->interface = present(texts[INTERFACE]);
	flow->instance = present(texts[INSTANCE]);
	flow->subnet = present(texts[SUBNET]);
	flow->network = present(texts[NETWORK]);
	if (str_equal(action, STR("ACCEPT")))
		flow->action = FLOW_ACCEPTED;
	else if (str_equal(action, STR("REJECT")))
		flow->action = FLOW_REJECTED;
	if (str_equal(direction, STR("egress")))
		flow->direction = 1;
	else if (str_equal(direction, STR("ingress")))
		flow->direction = -1;
}

static enum vpc_read read_columns(const struct columns *columns, struct record *out)
{
	const struct str *texts = columns->texts;
	struct record_flow *flow = &out->flow;

	if (str_equal(texts[STATUS], STR("NODATA")))
		return VPC_NO_DATA;
	if (str_equal(texts[STATUS], STR("SKIPDATA")))
		return VPC_SKIPPED;
	*flow = (struct record_flow){.provider = PROVIDER_AWS};
	if (!take_address(texts[PACKET_SOURCE], texts[SOURCE], &flow->source.address) ||
	    !take_address(texts[PACKET_DESTINATION], texts[DESTINATION],
			  &flow->destination.address) ||
	    !take_numbers(texts, flow) || !take_time(texts[START], &flow->start) ||
	    !take_time(texts[END], &flow->end))
		return VPC_UNREADABLE;
	take_texts(texts, flow);
	out->kind = RECORD_FLOW;
	out->time = flow->start;
	return VPC_FLOW;
}

enum vpc_read vpc_line_read(const struct vpc_format *format, struct str line, struct record *out)
{
	struct str texts[VPC_COLUMNS_MAX];
	struct columns columns = {0};

	if (cut_line(line, texts) != format->count)
		return VPC_UNREADABLE;
	for (size_t i = 0; i < format->count; i++)
		columns.texts[format->columns[i]] = texts[i];
	return read_columns(&columns, out);
}

bool vpc_json_read(struct json_value object, struct arena *scratch, struct record *out,
		   enum vpc_read *read)
{
	struct columns columns = {0};

	for (struct json_value v = json_first(object); json_exists(v); v = json_next(v)) {
		enum field field = field_of(json_raw_text(json_key_of(v)));
		if (field != UNKNOWN_FIELD && json_is_scalar(v))
			columns.texts[field] = field_text(v, scratch);
	}
	*read = read_columns(&columns, out);
	return *read != VPC_UNREADABLE;
}
