#include "programs/host_images.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	KNOWN_MAX = 128,
	LATE_S = 10,	  /* nobody waits for it any longer */
	RETRY_S = 3,	  /* request or answer was lost: a channel was full */
	ASKS_MAX = 4,	  /* until somebody wants it again */
	ASK_AGAIN_S = 60, /* for one that no file had */
};

enum state { UNUSED, WANTED, ASKED, ANSWERED };

struct known {
	enum state state;
	instant at; /* since when it is wanted, or answered */
	instant asked;
	uint32_t asks;
	struct image_request whose;
	struct container_image image;
};

struct host_images {
	struct processes *processes;
	struct known known[KNOWN_MAX];
	size_t next; /* the oldest of them */
	struct json_node nodes[IMAGE_NODES_MAX];
};

int host_images_new(struct processes *processes, struct host_images **out)
{
	struct host_images *images = calloc(1, sizeof(*images));

	if (!images)
		return -ENOMEM;
	images->processes = processes;
	*out = images;
	return 0;
}

void host_images_free(struct host_images *images)
{
	free(images);
}

static const struct known *find(const struct host_images *images, const struct image_request *whose)
{
	for (size_t i = 0; i < KNOWN_MAX; i++)
		if (images->known[i].state != UNUSED &&
		    memcmp(&images->known[i].whose, whose, sizeof(*whose)) == 0)
			return &images->known[i];
	return NULL;
}

struct container_image host_images_find(const struct host_images *images, struct str container)
{
	struct image_request whose;
	const struct known *known =
		image_request_of(container, &whose) ? find(images, &whose) : NULL;

	return known ? known->image : (struct container_image){0};
}

static bool is_late(const struct known *known, instant now)
{
	return instant_since(now, known->at).ns > DURATION_S(LATE_S).ns;
}

/* True: an answer is to be waited for. */
static bool want(struct host_images *images, const struct image_request *whose, instant now)
{
	struct known *known = (struct known *)find(images, whose);

	if (known && known->state != ANSWERED && !is_late(known, now))
		return true;
	if (known && known->state == ANSWERED &&
	    (known->image.count > 0 ||
	     instant_since(now, known->at).ns < DURATION_S(ASK_AGAIN_S).ns))
		return false;
	if (!known) {
		known = &images->known[images->next];
		images->next = (images->next + 1) % KNOWN_MAX;
	}
	*known = (struct known){.state = WANTED, .at = now, .whose = *whose};
	return true;
}

bool host_images_want(struct host_images *images, struct str container, instant now)
{
	struct image_request whose;

	return image_request_of(container, &whose) && want(images, &whose, now);
}

bool host_images_is_awaited(const struct host_images *images, struct str container)
{
	struct image_request whose;
	const struct known *known =
		image_request_of(container, &whose) ? find(images, &whose) : NULL;

	return known && known->state != ANSWERED;
}

static bool is_to_be_asked(const struct known *known, instant now)
{
	return known->state == WANTED ||
	       (known->state == ASKED && known->asks < ASKS_MAX &&
		instant_since(now, known->asked).ns > DURATION_S(RETRY_S).ns);
}

bool host_images_ask(struct host_images *images, instant now, struct image_request *out)
{
	for (size_t i = 0; i < KNOWN_MAX; i++) {
		struct known *known = &images->known[i];
		if (!is_to_be_asked(known, now))
			continue;
		known->state = ASKED;
		known->asked = now;
		known->asks++;
		*out = known->whose;
		return true;
	}
	return false;
}

void host_images_take(struct host_images *images, struct message *message, instant now)
{
	struct json nodes = {.nodes = images->nodes, .cap = IMAGE_NODES_MAX};
	struct container_image image;
	struct image_request whose;

	if (!image_files_read(images->processes, message, &nodes, &whose, &image))
		return;
	struct known *known = (struct known *)find(images, &whose);
	if (!known || known->state == ANSWERED)
		return;
	known->state = ANSWERED;
	known->at = now;
	known->image = image;
}
