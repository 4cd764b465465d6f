//go:build !nonative

package llama

/*
#cgo CPPFLAGS: -I${SRCDIR}/include/llama -I${SRCDIR}/include/ggml
#cgo CXXFLAGS: -std=c++17 -O2
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "loam_chat.h"
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

// This file is the Go face of loam_chat.h: conversions of values and nothing else.

// status is enum loam_chat_status.
type status int

const (
	statusOK         status = C.LOAM_CHAT_OK
	statusFull       status = C.LOAM_CHAT_FULL
	statusCancelled  status = C.LOAM_CHAT_CANCELLED
	statusUnknown    status = C.LOAM_CHAT_UNKNOWN
	statusBadModel   status = C.LOAM_CHAT_BAD_MODEL
	statusBadAdapter status = C.LOAM_CHAT_BAD_ADAPTER
)

// take turns an error string of the shim into an error and frees it.
func take(err *C.char) error {
	if err == nil {
		return errors.New("the engine gave no reason")
	}
	defer C.loam_chat_free(unsafe.Pointer(err))
	return errors.New(C.GoString(err))
}

func takeString(s *C.char) string {
	defer C.loam_chat_free(unsafe.Pointer(s))
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
func initialize(pluginDir, variant string) error {
	d, v := C.CString(pluginDir), C.CString(variant)
	defer C.free(unsafe.Pointer(d))
	defer C.free(unsafe.Pointer(v))
	var e *C.char
	if C.loam_chat_init(d, v, &e) != C.LOAM_CHAT_OK {
		return take(e)
	}
	return nil
}

func build() string   { return C.GoString(C.loam_chat_build()) }
func variant() string { return C.GoString(C.loam_chat_variant()) }

func devices() ([]backend.Device, error) {
	var e *C.char
	s := C.loam_chat_devices(&e)
	if s == nil {
		return nil, take(e)
	}
	var list []backend.Device
	if err := json.Unmarshal([]byte(takeString(s)), &list); err != nil {
		return nil, fmt.Errorf("devices: %w", err)
	}
	return list, nil
}

// handle is one loam_chat.
type handle struct{ c *C.struct_loam_chat }

func newHandle() handle { return handle{C.loam_chat_new()} }

func (h handle) delete()           { C.loam_chat_delete(h.c) }
func (h handle) progress() float32 { return float32(C.loam_chat_progress(h.c)) }
func (h handle) pos() int          { return int(C.loam_chat_pos(h.c)) }
func (h handle) keep(n int) bool   { return C.loam_chat_keep(h.c, C.int32_t(n)) != 0 }

func (h handle) isEnd(token int32) bool { return C.loam_chat_is_end(h.c, C.int32_t(token)) != 0 }
func (h handle) isControl(token int32) bool {
	return C.loam_chat_is_control(h.c, C.int32_t(token)) != 0
}

func (h handle) cancel(on bool) {
	v := C.int(0)
	if on {
		v = 1
	}
	C.loam_chat_cancel(h.c, v)
}

// openParams is struct loam_chat_params with the adapters.
type openParams struct {
	path, device, kvType                        string
	gpuLayers, context, batch, threads, flashAt int
	adapters                                    []string
	weights                                     []float32
}

// open blocks until the model is loaded. failed is the index of the adapter at fault, with statusBadAdapter.
func (h handle) open(p openParams) (st status, failed int, err error) {
	path, device, kv := C.CString(p.path), C.CString(p.device), C.CString(p.kvType)
	defer C.free(unsafe.Pointer(path))
	defer C.free(unsafe.Pointer(device))
	defer C.free(unsafe.Pointer(kv))
	adapters, free := cStrings(p.adapters)
	defer free()
	cp := C.struct_loam_chat_params{
		device: device, kv_type: kv,
		n_gpu_layers: C.int32_t(p.gpuLayers), n_ctx: C.int32_t(p.context), n_batch: C.int32_t(p.batch),
		n_threads: C.int32_t(p.threads), flash_attn: C.int32_t(p.flashAt),
	}
	weights := append(append([]float32(nil), p.weights...), 0) // never empty: its address is taken
	var e *C.char
	rc := C.loam_chat_open(h.c, path, &cp, adapters, (*C.float)(&weights[0]), C.int32_t(len(p.adapters)), &e)
	if rc < 0 {
		return status(rc), int(C.loam_chat_failed_adapter(h.c)), take(e)
	}
	return status(rc), 0, nil
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
	AddBOS       bool   `json:"add_bos"`
	BOS          string `json:"bos"`
	EOS          string `json:"eos"`
	Recommended  string `json:"recommended"`
}

func (h handle) info() (modelInfo, error) {
	var e *C.char
	s := C.loam_chat_info(h.c, &e)
	if s == nil {
		return modelInfo{}, take(e)
	}
	var i modelInfo
	if err := json.Unmarshal([]byte(takeString(s)), &i); err != nil {
		return modelInfo{}, fmt.Errorf("model information: %w", err)
	}
	return i, nil
}

// tokenize splits text; addSpecial adds what the vocabulary adds, parseSpecial reads control tokens in text.
func (h handle) tokenize(text string, addSpecial, parseSpecial bool) ([]int32, error) {
	ct := C.CString(text)
	defer C.free(unsafe.Pointer(ct))
	flag := map[bool]C.int{true: 1}
	tokens := make([]int32, len(text)+4)
	for {
		var e *C.char
		n := int(C.loam_chat_tokenize(h.c, ct, C.int32_t(len(text)), flag[addSpecial], flag[parseSpecial],
			(*C.int32_t)(&tokens[0]), C.int32_t(len(tokens)), &e))
		if n < 0 {
			return nil, take(e)
		}
		if n <= len(tokens) {
			return tokens[:n:n], nil
		}
		tokens = make([]int32, n)
	}
}

// piece appends the bytes of a token to buf; control tokens have none.
func (h handle) piece(buf []byte, token int32) []byte {
	var b [256]byte
	n := int(C.loam_chat_piece(h.c, C.int32_t(token), (*C.char)(unsafe.Pointer(&b[0])), C.int32_t(len(b))))
	if n > len(b) {
		long := make([]byte, n)
		C.loam_chat_piece(h.c, C.int32_t(token), (*C.char)(unsafe.Pointer(&long[0])), C.int32_t(n))
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
	add := C.int(0)
	if addGeneration {
		add = 1
	}
	var out, e *C.char
	switch rc := status(C.loam_chat_format(h.c, f, r, t, C.int32_t(len(roles)), add, &out, &e)); {
	case rc < 0:
		return "", rc, take(e)
	case rc != statusOK:
		return "", rc, nil
	}
	return takeString(out), statusOK, nil
}

// eval evaluates one call.
func (h handle) eval(call []int32) (status, error) {
	var e *C.char
	rc := status(C.loam_chat_eval(h.c, (*C.int32_t)(unsafe.SliceData(call)), C.int32_t(len(call)), &e))
	if rc < 0 {
		return rc, take(e)
	}
	return rc, nil
}

func (h handle) logits(vocab int) ([]float32, error) {
	out := make([]float32, vocab)
	var e *C.char
	if C.loam_chat_logits(h.c, (*C.float)(unsafe.SliceData(out)), C.int32_t(vocab), &e) != C.LOAM_CHAT_OK {
		return nil, take(e)
	}
	return out, nil
}

// beginSampling builds the sampler chain over the tokens so far.
func (h handle) beginSampling(s backend.Sampling, history []int32) error {
	cs := C.struct_loam_chat_sampling{
		temperature: C.float(s.Temperature), top_p: C.float(s.TopP), min_p: C.float(s.MinP),
		penalty_repeat: C.float(s.RepeatPenalty), penalty_freq: C.float(s.FrequencyPenalty), penalty_present: C.float(s.PresencePenalty),
		top_k: C.int32_t(s.TopK), penalty_last_n: C.int32_t(s.PenaltyLastN), seed: C.uint64_t(s.Seed),
	}
	var e *C.char
	if C.loam_chat_sampling_begin(h.c, &cs, (*C.int32_t)(unsafe.SliceData(history)), C.int32_t(len(history)), &e) != C.LOAM_CHAT_OK {
		return take(e)
	}
	return nil
}

// alternative is a token with its log-probability before any sampler.
type alternative struct {
	id      int32
	logProb float32
}

// draw takes the token for a position.
func (h handle) draw(position, alts int) (int32, []alternative, error) {
	ids, probs := make([]int32, alts+1), make([]float32, alts+1)
	var token C.int32_t
	var e *C.char
	n := int(C.loam_chat_draw(h.c, C.uint64_t(position), &token, C.int32_t(alts), (*C.int32_t)(&ids[0]), (*C.float)(&probs[0]), &e))
	if n < 0 {
		return 0, nil, take(e)
	}
	var list []alternative
	for i := range n {
		list = append(list, alternative{ids[i], probs[i]})
	}
	return int32(token), list, nil
}

// state calls use with the bytes of the cache's state, which lie in C memory until it returns.
func (h handle) state(use func([]byte) error) error {
	size := C.loam_chat_state_size(h.c)
	buf := C.malloc(size + 1)
	if buf == nil {
		return errors.New("not enough memory for the state")
	}
	defer C.free(buf)
	var e *C.char
	n := C.loam_chat_state_get(h.c, (*C.uint8_t)(buf), size, &e)
	if n == 0 {
		return take(e)
	}
	return use(unsafe.Slice((*byte)(buf), int(n)))
}

func (h handle) setState(b []byte) error {
	var e *C.char
	if C.loam_chat_state_set(h.c, (*C.uint8_t)(unsafe.SliceData(b)), C.size_t(len(b)), &e) != C.LOAM_CHAT_OK {
		return take(e)
	}
	return nil
}
