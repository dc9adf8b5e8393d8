/*
 * Of what image a suspect's container is: the host worker's half of source/host/image_files.
 *
 * Asked for when there is a finding to tell, which waits for the answer, for the image may be one
 * that is authorised. It takes as long as opening five files; whoever does not answer in seconds is
 * not waited for. What was found of a container is kept: it never changes.
 */
#ifndef DAVY_PROGRAMS_HOST_IMAGES_H
#define DAVY_PROGRAMS_HOST_IMAGES_H

#include "base/attributes.h"
#include "base/instant.h"
#include "detect/workloads.h"
#include "source/host/image_files.h"

struct host_images;
struct processes;

/* processes: borrowed. 0 or -ENOMEM. */
must_check int host_images_new(struct processes *processes, struct host_images **out);
void host_images_free(struct host_images *images); /* NULL is allowed */

/* What is known of it; count 0: nothing. */
struct container_image host_images_find(const struct host_images *images, struct str container);

/*
 * There is a finding of a container.
 *
 * returns: true when its image has to be asked for, or the answer is on its way: the workload is
 *          looked at again then (host_images_again)
 */
bool host_images_wait(struct host_images *images, struct str container,
		      const struct workload_due *due, instant now);
/* The next to ask for, again where no answer came; false: none. It counts as asked. */
must_check bool host_images_ask(struct host_images *images, instant now, struct image_request *out);
/* An answer; its descriptors are closed. */
void host_images_take(struct host_images *images, struct message *message, instant now);
/* The next to be looked at again; false: none. */
must_check bool host_images_again(struct host_images *images, instant now,
				  struct workload_due *out);

#endif
