//go:build !nonative

package llama

/*
#include <stdlib.h>
#include "table.h"
*/
import "C"

import "errors"

// errShim is a failure inside the engine's template code, in its own words.
type errShim struct{ text string }

func (e errShim) Error() string { return e.text }

// text ends a call that gives a text or an error.
func (l library) text(rc C.int, out, e *C.char) (string, status, error) {
	switch st := status(rc); {
	case st < 0 && e == nil:
		return "", st, errors.New("the engine gave no reason")
	case st < 0:
		return "", st, errShim{l.take(e).Error()}
	case st != statusOK:
		return "", st, nil
	}
	return l.takeString(out), statusOK, nil
}

// renderChat renders a conversation by a Jinja template, "" = the model's own. It works on a handle without a model, too.
func (h handle) renderChat(template, request string) (string, status, error) {
	var m memory
	defer m.free()
	var out, e *C.char
	rc := C.table_render(h.t, h.c, m.text(template), m.text(request), &out, &e)
	return h.text(rc, out, e)
}

func (l library) jinja(template, globals string) (string, status, error) {
	var m memory
	defer m.free()
	var out, e *C.char
	rc := C.table_jinja(l.t, m.text(template), m.text(globals), &out, &e)
	return l.text(rc, out, e)
}

func (l library) parse(parser, text string, partial bool) (string, status, error) {
	var m memory
	defer m.free()
	var out, e *C.char
	rc := C.table_parse(l.t, m.text(parser), m.text(text), cBool(partial), &out, &e)
	return l.text(rc, out, e)
}

func (l library) schemaToGrammar(schema string) (string, status, error) {
	var m memory
	defer m.free()
	var out, e *C.char
	rc := C.table_schema(l.t, m.text(schema), &out, &e)
	return l.text(rc, out, e)
}
