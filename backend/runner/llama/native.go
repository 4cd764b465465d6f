//go:build !nonative

package llama

/*
#cgo CPPFLAGS: -I${SRCDIR}/include/llama -I${SRCDIR}/include/ggml
#cgo CXXFLAGS: -std=c++17 -O2
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "table.h"
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"unsafe"

	"loam/backend"

	_ "github.com/ollama/ollama/llama/llama.cpp/src"      // compiles llama.cpp
	_ "github.com/ollama/ollama/ml/backend/ggml/ggml/src" // compiles ggml with its plain CPU code
)

// This file is the Go face of loam_chat.h: conversions of values and nothing else. What belongs to templates and sampling is
// in native_text.go and native_sampling.go.

// status is enum loam_chat_status.
type status int

const (
	statusOK         status = C.LOAM_CHAT_OK
	statusFull       status = C.LOAM_CHAT_FULL
	statusCancelled  status = C.LOAM_CHAT_CANCELLED
	statusUnknown    status = C.LOAM_CHAT_UNKNOWN
	statusNone       status = C.LOAM_CHAT_UNSUPPORTED
	statusBadModel   status = C.LOAM_CHAT_BAD_MODEL
	statusBadAdapter status = C.LOAM_CHAT_BAD_ADAPTER
)

// library is one implementation of loam_chat.h.
type library struct{ t C.loam_chat_table }

// builtIn is the embedded engine.
func builtIn() library { return library{C.loam_chat_functions()} }

// openLibrary opens the pack's library, for the life of the process.
func openLibrary(path string) (library, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	var e *C.char
	t := C.table_open(p, &e)
	if t == nil {
		defer C.free(unsafe.Pointer(e))
		return library{}, errors.New(C.GoString(e))
	}
	return library{t}, nil
}

// take turns an error string of the shim into an error and frees it.
func (l library) take(err *C.char) error {
	if err == nil {
		return errors.New("the engine gave no reason")
	}
	defer C.table_free(l.t, unsafe.Pointer(err))
	return errors.New(C.GoString(err))
}

func (l library) takeString(s *C.char) string {
	defer C.table_free(l.t, unsafe.Pointer(s))
	return C.GoString(s)
}

// cStrings copies strings into C memory: an array of pointers that free releases.
func cStrings(list []string) (array **C.char, free func()) {
	n := max(len(list), 1)
	array = (**C.char)(C.calloc(C.size_t(n), C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	s := unsafe.Slice(array, n)
	for i, v := range list {
		s[i] = C.CString(v)
	}
	return array, func() {
		for _, p := range s {
			C.free(unsafe.Pointer(p))
		}
		C.free(unsafe.Pointer(array))
	}
}

// initialize loads the plug-ins; only the first call in a process has an effect.
func (l library) initialize(pluginDir, variant string) error {
	d, v := C.CString(pluginDir), C.CString(variant)
	defer C.free(unsafe.Pointer(d))
	defer C.free(unsafe.Pointer(v))
	var e *C.char
	if C.table_init(l.t, d, v, &e) != C.LOAM_CHAT_OK {
		return l.take(e)
	}
	return nil
}

func (l library) build() string   { return C.GoString(C.table_build(l.t)) }
func (l library) variant() string { return C.GoString(C.table_variant(l.t)) }

func (l library) devices() ([]backend.Device, error) {
	var e *C.char
	s := C.table_devices(l.t, &e)
	if s == nil {
		return nil, l.take(e)
	}
	var list []backend.Device
	if err := json.Unmarshal([]byte(l.takeString(s)), &list); err != nil {
		return nil, fmt.Errorf("devices: %w", err)
	}
	return list, nil
}

// handle is one loam_chat.
type handle struct {
	library
	c *C.struct_loam_chat
}

func (l library) newHandle() handle { return handle{l, C.table_create(l.t)} }

func (h handle) delete()           { C.table_destroy(h.t, h.c) }
func (h handle) progress() float32 { return float32(C.table_progress(h.t, h.c)) }
func (h handle) pos() int          { return int(C.table_pos(h.t, h.c)) }
func (h handle) keep(n int) bool   { return C.table_keep(h.t, h.c, C.int32_t(n)) != 0 }

func (h handle) isEnd(token int32) bool { return C.table_is_end(h.t, h.c, C.int32_t(token)) != 0 }
func (h handle) isControl(token int32) bool {
	return C.table_is_control(h.t, h.c, C.int32_t(token)) != 0
}

func cBool(on bool) C.int {
	if on {
		return 1
	}
	return 0
}

func (h handle) cancel(on bool) { C.table_cancel(h.t, h.c, cBool(on)) }

// openParams is struct loam_chat_params with the adapters.
type openParams struct {
	path, device, kvType                        string
	gpuLayers, context, batch, threads, flashAt int
	adapters                                    []string
	weights                                     []float32
}

// params are the values of p for C, but for the adapters; free releases what they point to.
func (p openParams) params() (path *C.char, cp C.struct_loam_chat_params, free func()) {
	path, device, kv := C.CString(p.path), C.CString(p.device), C.CString(p.kvType)
	cp = C.struct_loam_chat_params{
		device: device, kv_type: kv,
		n_gpu_layers: C.int32_t(p.gpuLayers), n_ctx: C.int32_t(p.context), n_batch: C.int32_t(p.batch),
		n_threads: C.int32_t(p.threads), flash_attn: C.int32_t(p.flashAt),
	}
	return path, cp, func() {
		for _, s := range []*C.char{path, device, kv} {
			C.free(unsafe.Pointer(s))
		}
	}
}

// open blocks until the model is loaded. failed is the index of the adapter at fault, with statusBadAdapter.
func (h handle) open(p openParams) (st status, failed int, err error) {
	path, cp, freeParams := p.params()
	defer freeParams()
	adapters, free := cStrings(p.adapters)
	defer free()
	weights := addressable(p.weights)
	var e *C.char
	rc := C.table_open_model(h.t, h.c, path, &cp, adapters, (*C.float)(&weights[0]), C.int32_t(len(p.adapters)), &e)
	if rc < 0 {
		return status(rc), int(C.table_failed_adapter(h.t, h.c)), h.take(e)
	}
	return status(rc), 0, nil
}

// openEmbedding is open for an embedding model.
func (h handle) openEmbedding(p openParams) (st status, failed int, err error) {
	path, cp, free := p.params()
	defer free()
	var e *C.char
	rc := C.table_open_embedding(h.t, h.c, path, &cp, &e)
	if rc < 0 {
		return status(rc), 0, h.take(e)
	}
	return status(rc), 0, nil
}

// embed gives the vector of a text's tokens.
func (h handle) embed(tokens []int32, dims int) ([]float32, status, error) {
	out := make([]float32, dims)
	var e *C.char
	rc := status(C.table_embed(h.t, h.c, (*C.int32_t)(unsafe.SliceData(tokens)), C.int32_t(len(tokens)), (*C.float)(unsafe.SliceData(out)), C.int32_t(dims), &e))
	if rc < 0 {
		return nil, rc, h.take(e)
	}
	return out, rc, nil
}

// addressable is list with something behind it, because its address is taken.
func addressable(list []float32) []float32 { return append(append([]float32(nil), list...), 0) }

// adapt is open's part about adapters, on an opened model. failed as there.
func (h handle) adapt(paths []string, weights []float32) (st status, failed int, err error) {
	adapters, free := cStrings(paths)
	defer free()
	w := addressable(weights)
	var e *C.char
	if rc := C.table_adapt(h.t, h.c, adapters, (*C.float)(&w[0]), C.int32_t(len(paths)), &e); rc != C.LOAM_CHAT_OK {
		return status(rc), int(C.table_failed_adapter(h.t, h.c)), h.take(e)
	}
	return statusOK, 0, nil
}

// modelInfo is the JSON of loam_chat_info.
type modelInfo struct {
	Context      int    `json:"n_ctx"`
	Batch        int    `json:"n_batch"`
	ContextTrain int    `json:"n_ctx_train"`
	Vocab        int    `json:"n_vocab"`
	Params       int64  `json:"n_params"`
	Layers       int    `json:"n_layer"`
	Device       string `json:"device"`
	Variant      string `json:"variant"`
	Fingerprint  string `json:"fingerprint"`
	Template     string `json:"template"`
	NamedFormat  string `json:"named_format"`
	TrimKV       bool   `json:"trim_kv"`
	Jinja        bool   `json:"jinja"`
	AddBOS       bool   `json:"add_bos"`
	BOS          string `json:"bos"`
	EOS          string `json:"eos"`
	Recommended  string `json:"recommended"`
	Dims         int    `json:"dims"` // this and what follows of an embedding model only
	TextTokens   int    `json:"text_tokens"`
	Pooling      string `json:"pooling"`
}

func (h handle) info() (modelInfo, error) {
	var e *C.char
	s := C.table_info(h.t, h.c, &e)
	if s == nil {
		return modelInfo{}, h.take(e)
	}
	var i modelInfo
	if err := json.Unmarshal([]byte(h.takeString(s)), &i); err != nil {
		return modelInfo{}, fmt.Errorf("model information: %w", err)
	}
	return i, nil
}

// tokenize splits text; addSpecial adds what the vocabulary adds, parseSpecial reads control tokens in text.
func (h handle) tokenize(text string, addSpecial, parseSpecial bool) ([]int32, error) {
	ct := C.CString(text)
	defer C.free(unsafe.Pointer(ct))
	tokens := make([]int32, len(text)+4)
	for {
		var e *C.char
		n := int(C.table_tokenize(h.t, h.c, ct, C.int32_t(len(text)), cBool(addSpecial), cBool(parseSpecial),
			(*C.int32_t)(&tokens[0]), C.int32_t(len(tokens)), &e))
		if n < 0 {
			return nil, h.take(e)
		}
		if n <= len(tokens) {
			return tokens[:n:n], nil
		}
		tokens = make([]int32, n)
	}
}

// piece appends the bytes of a token to buf; control tokens have none, unless special asks for their names.
func (h handle) piece(buf []byte, token int32, special bool) []byte {
	var b [256]byte
	n := int(C.table_piece(h.t, h.c, C.int32_t(token), cBool(special), (*C.char)(unsafe.Pointer(&b[0])), C.int32_t(len(b))))
	if n > len(b) {
		long := make([]byte, n)
		C.table_piece(h.t, h.c, C.int32_t(token), cBool(special), (*C.char)(unsafe.Pointer(&long[0])), C.int32_t(n))
		return append(buf, long...)
	}
	return append(buf, b[:max(n, 0)]...)
}

// format renders messages; statusUnknown when the format is none of the named ones.
func (h handle) format(format string, roles, texts []string, addGeneration bool) (string, status, error) {
	f := C.CString(format)
	defer C.free(unsafe.Pointer(f))
	r, freeRoles := cStrings(roles)
	defer freeRoles()
	t, freeTexts := cStrings(texts)
	defer freeTexts()
	var out, e *C.char
	switch rc := status(C.table_format(h.t, h.c, f, r, t, C.int32_t(len(roles)), cBool(addGeneration), &out, &e)); {
	case rc < 0:
		return "", rc, h.take(e)
	case rc != statusOK:
		return "", rc, nil
	}
	return h.takeString(out), statusOK, nil
}

// eval evaluates one call. all keeps the logits of each of its tokens, not only of the last.
func (h handle) eval(call []int32, all bool) (status, error) {
	var e *C.char
	rc := status(C.table_eval(h.t, h.c, (*C.int32_t)(unsafe.SliceData(call)), C.int32_t(len(call)), cBool(all), &e))
	if rc < 0 {
		return rc, h.take(e)
	}
	return rc, nil
}

// logits copies the logits of a token of the last call; -1 = its last one.
func (h handle) logits(index, vocab int) ([]float32, error) {
	out := make([]float32, vocab)
	var e *C.char
	if C.table_logits(h.t, h.c, C.int32_t(index), (*C.float)(unsafe.SliceData(out)), C.int32_t(vocab), &e) != C.LOAM_CHAT_OK {
		return nil, h.take(e)
	}
	return out, nil
}

// state calls use with the bytes of the cache's state, which lie in C memory until it returns.
func (h handle) state(use func([]byte) error) error {
	size := C.table_state_size(h.t, h.c)
	buf := C.malloc(size + 1)
	if buf == nil {
		return errors.New("not enough memory for the state")
	}
	defer C.free(buf)
	var e *C.char
	n := C.table_state_get(h.t, h.c, (*C.uint8_t)(buf), size, &e)
	if n == 0 {
		return h.take(e)
	}
	return use(unsafe.Slice((*byte)(buf), int(n)))
}

func (h handle) setState(b []byte) error {
	var e *C.char
	if C.table_state_set(h.t, h.c, (*C.uint8_t)(unsafe.SliceData(b)), C.size_t(len(b)), &e) != C.LOAM_CHAT_OK {
		return h.take(e)
	}
	return nil
}
