/* web_page.c: see web_page.h.
 *
 * The style and the script of the page have a nonce of this answer, and the browser takes no other ones: whatever text of a
 * host would find its way into the page runs as nothing. */
#include "web_page.h"

#include "pearpd/hash.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_BYTES 16

/* By page.S. */
extern const char page_html[], page_css[], page_js[];
extern const uint64_t page_html_bytes, page_css_bytes, page_js_bytes;

struct web_page {
    char nonce[BASE64_BYTES(NONCE_BYTES)];
};

static int page_begin(struct web_answer *answer)
{
    uint8_t random[NONCE_BYTES];
    char policy[256];
    if (*http_exchange_query(answer->exchange) != '\0')
        return 400;
    struct web_page *page = calloc(1, sizeof(*page));
    if (page == NULL)
        return 503;
    random_bytes(random, sizeof(random));
    base64_encode(random, sizeof(random), page->nonce);
    snprintf(policy, sizeof(policy),
             "default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; connect-src 'self'; "
             "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
             page->nonce, page->nonce);
    http_answer_header(answer->exchange, "Content-Security-Policy", policy);
    answer->made_of = page;
    return 0;
}

/* What stands for another part in page.html. */
static bool write_part(struct web_answer *answer, const char *mark, size_t length)
{
    const struct web_page *page = answer->made_of;
    const struct {
        const char *mark, *text;
        size_t length;
    } parts[] = {{"NONCE", page->nonce, strlen(page->nonce)},
                 {"STYLE", page_css, page_css_bytes},
                 {"SCRIPT", page_js, page_js_bytes}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strlen(parts[i].mark) != length || memcmp(parts[i].mark, mark, length) != 0)
            continue;
        web_write(answer, parts[i].text, parts[i].length);
        return true;
    }
    return false;
}

/* A mark is a word between two @; there are no other ones. */
static bool page_more(struct web_answer *answer)
{
    const char *text = page_html, *end = page_html + page_html_bytes;
    while (text < end) {
        const char *mark = memchr(text, '@', (size_t)(end - text));
        const char *last = mark == NULL ? NULL : memchr(mark + 1, '@', (size_t)(end - mark - 1));
        if (last == NULL)
            break;
        web_write(answer, text, (size_t)(mark - text));
        if (!write_part(answer, mark + 1, (size_t)(last - mark - 1)))
            break;
        text = last + 1;
    }
    web_write(answer, text, (size_t)(end - text));
    return false;
}

static void page_end(struct web_answer *answer)
{
    free(answer->made_of);
}

const struct web_route web_route_page = {
    .path = "/",
    .content_type = "text/html; charset=utf-8",
    .policy = NULL,
    .begin = page_begin,
    .more = page_more,
    .end = page_end,
};
