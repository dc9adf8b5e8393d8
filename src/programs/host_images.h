/*
 * Of what image a suspect's container is: the host worker's half of source/host/image_files.
 *
 * Asked for when there is a finding to tell. It takes as long as opening eleven files. What was
 * found of a container is kept: it never changes.
 */
#ifndef DAVY_PROGRAMS_HOST_IMAGES_H
#define DAVY_PROGRAMS_HOST_IMAGES_H

#include "base/attributes.h"
#include "base/instant.h"
#include "source/host/image_files.h"

struct host_images;
struct processes;

/* processes: borrowed. 0 or -ENOMEM. */
must_check int host_images_new(struct processes *processes, struct host_images **out);
void host_images_free(struct host_images *images); /* NULL is allowed */

/* What is known of it; count 0: nothing. */
struct container_image host_images_find(const struct host_images *images, struct str container);

/* There is a finding of a container. True: its image is asked for, and not known yet. */
bool host_images_want(struct host_images *images, struct str container, instant now);
bool host_images_is_awaited(const struct host_images *images, struct str container);
/* The next to ask for, again where no answer came; false: none. It counts as asked. */
must_check bool host_images_ask(struct host_images *images, instant now, struct image_request *out);
/* An answer; its descriptors are closed. */
void host_images_take(struct host_images *images, struct message *message, instant now);

#endif
