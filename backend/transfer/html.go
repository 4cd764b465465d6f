package transfer

import (
	"context"
	"encoding/base64"
	"errors"
	"html"
	"io"
	"net/url"
	"strings"

	"loam/backend"
	"loam/store"
)

// htmlHead begins every page. The policy lets a browser load nothing and run nothing, whatever should have slipped through.
const htmlHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
`

// htmlStyle follows the look of the window, in light and dark.
const htmlStyle = `<style>
:root{color-scheme:light dark;--page:#faf8f5;--surface:#fff;--words:#e9f0ea;--code:#f4f1eb;--text:#23201c;--quiet:#645c53;--line:#e2dcd2;--accent:#37704e;--warn:#8a5a10}
@media(prefers-color-scheme:dark){:root{--page:#1b1917;--surface:#26221f;--words:#26302a;--code:#211e1b;--text:#ede8e1;--quiet:#a89f93;--line:#35302b;--accent:#7fbf97;--warn:#e0a84a}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 Inter,system-ui,sans-serif}
main{max-width:47.5rem;margin:0 auto;padding:2rem 1rem 4rem;overflow-wrap:anywhere}
h1{font-size:1.4rem;margin:0 0 .25rem}
.meta,.note{color:var(--quiet);font-size:.85rem;margin:0}
.note{color:var(--warn);margin-top:.5rem}
article{margin-top:1.5rem}
article>h2{font-size:.85rem;color:var(--quiet);margin:0 0 .35rem;font-weight:600}
article.user>div,article.system>div{background:var(--words);border-radius:8px;padding:.6rem .9rem}
article.system>div{background:var(--surface);border:1px solid var(--line)}
div>:first-child{margin-top:0}div>:last-child{margin-bottom:0}
pre{background:var(--code);border:1px solid var(--line);border-radius:6px;padding:.75rem;overflow-x:auto;font-size:.85rem;line-height:1.45}
pre,code{font-family:"JetBrains Mono",ui-monospace,monospace;tab-size:4}
pre{white-space:pre}pre.plain{white-space:pre-wrap}
:not(pre)>code{background:var(--code);border-radius:4px;padding:.1em .3em;font-size:.88em}
blockquote{margin:1rem 0;padding-left:1rem;border-left:3px solid var(--line);color:var(--quiet)}
table{border-collapse:collapse;display:block;overflow-x:auto;max-width:100%}
th,td{border:1px solid var(--line);padding:.3rem .6rem;text-align:left}
a{color:var(--accent)}
img{max-width:100%;height:auto;border-radius:8px}
figure{margin:1rem 0}figcaption{color:var(--quiet);font-size:.85rem}
details{color:var(--quiet);border-left:3px solid var(--line);padding-left:1rem;margin:0 0 .75rem}
summary{cursor:pointer}
ul.chats{list-style:none;padding:0}ul.chats li{padding:.35rem 0;border-bottom:1px solid var(--line)}
</style>
</head>
<body>
<main>
`

const htmlFoot = "</main>\n</body>\n</html>\n"

// htmlPage writes a chat as one HTML file that needs nothing beside it: no scripts, styles and pictures inside. The words
// are rendered from their Markdown; everything in them that is HTML is shown as it is written.
type htmlPage struct {
	e   *export
	ctx context.Context
	w   io.Writer
}

func (p *htmlPage) put(parts ...string) error {
	for _, s := range parts {
		if _, err := io.WriteString(p.w, s); err != nil {
			return err
		}
	}
	return nil
}

// shown is text that means nothing to a browser. A carriage return would become a line feed.
func shown(text string) string {
	return strings.ReplaceAll(html.EscapeString(visible(text)), "\r", "&#13;")
}

// visible takes out what HTML must not hold: control characters that no reader shows.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return '\uFFFD'
		}
		return r
	}, text)
}

func (p *htmlPage) begin(c backend.Chat, title string) error {
	err := p.put(htmlHead, "<title>", shown(oneLine(title)), "</title>\n", htmlStyle,
		"<h1>", shown(oneLine(title)), "</h1>\n<p class=\"meta\">", shown(dateText(c.Created)), "</p>\n")
	if err != nil || c.System == "" {
		return err
	}
	if err := p.put("<article class=\"system\">\n<h2>Instructions</h2>\n<div>\n"); err != nil {
		return err
	}
	return errors.Join(render(p.ctx, p.w, c.System), p.put("</div>\n</article>\n"))
}

func (p *htmlPage) message(m store.TreeMessage, s spoken) error {
	class := "assistant"
	switch m.Role {
	case backend.RoleUser:
		class = "user"
	case backend.RoleSystem, backend.RoleTool:
		class = "system"
	case backend.RoleAssistant:
	}
	if err := p.put("<article class=\"", class, "\">\n<h2>", shown(s.Who), "</h2>\n<div>\n"); err != nil {
		return err
	}
	if s.Reasoning != "" {
		if err := p.put("<details>\n<summary>Thinking</summary>\n"); err != nil {
			return err
		}
		if err := errors.Join(render(p.ctx, p.w, s.Reasoning), p.put("</details>\n")); err != nil {
			return err
		}
	}
	if err := render(p.ctx, p.w, s.Text); err != nil {
		return err
	}
	if names := attachedNames(m); names != "" {
		if err := p.put("<p><em>", shown(names), "</em></p>\n"); err != nil {
			return err
		}
	}
	for _, c := range s.Calls {
		if err := p.put("<p>Used ", shown(oneLine(c.Name)), ":</p>\n<pre><code>", shown(c.Arguments), "</code></pre>\n"); err != nil {
			return err
		}
	}
	if s.End != "" {
		return p.put("<p class=\"note\">", shown(s.End), "</p>\n")
	}
	return nil
}

func (p *htmlPage) picture(pic backend.Picture) error {
	f := p.e.picture(pic.SHA256)
	if f == nil {
		return p.put("<p class=\"note\">A picture is missing: ", shown(oneLine(pic.Prompt)), "</p>\n")
	}
	defer f.Close()
	if err := p.put("<figure><img alt=\"", shown(oneLine(pic.Prompt)), "\" src=\"data:image/png;base64,"); err != nil {
		return err
	}
	enc := base64.NewEncoder(base64.StdEncoding, p.w)
	if _, err := io.Copy(enc, reader(p.ctx, f)); err != nil {
		return err
	}
	return errors.Join(enc.Close(), p.put("\"><figcaption>", shown(oneLine(pic.Prompt)), "</figcaption></figure>\n"))
}

func (p *htmlPage) endMessage() error { return p.put("</div>\n</article>\n") }
func (p *htmlPage) end() error        { return p.put(htmlFoot) }

// indexEntry is a chat in the list of a folder of pages.
type indexEntry struct {
	name string
	chat backend.Chat
}

// writeIndex writes the page that leads to all the others, the newest first.
func (e *export) writeIndex(list []indexEntry) error {
	w, err := e.next(e.names.unique("index", ".html"))
	if err != nil {
		return err
	}
	p := &htmlPage{e: e, w: w}
	if err := p.put(htmlHead, "<title>Chats</title>\n", htmlStyle, "<h1>Chats</h1>\n<ul class=\"chats\">\n"); err != nil {
		return err
	}
	for i := len(list) - 1; i >= 0; i-- {
		c := list[i].chat
		err := p.put("<li><a href=\"", shown(url.PathEscape(list[i].name)), "\">", shown(oneLine(e.titleOf(c))),
			"</a> <span class=\"meta\">", shown(dateText(c.Updated)), "</span></li>\n")
		if err != nil {
			return err
		}
	}
	return p.put("</ul>\n", htmlFoot)
}
