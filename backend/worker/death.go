package worker

import (
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"loam/backend/engine"
)

// remains is what a dead child leaves behind.
type remains struct {
	state     *os.ProcessState
	err       error // of waiting; speaks when state is nil
	words     string
	loading   bool // it died while it opened a model
	oomKilled bool // the kernel has killed something for lack of memory since it began
}

// What native code and the Go runtime print before they give up, in lower case.
var (
	memoryWords = []string{
		"out of memory", "bad_alloc", "cannot allocate memory", "failed to allocate", "unable to allocate", "not enough memory",
		"failed to create new os thread", "pthread_create failed", "erroroutofdevicememory", "erroroutofhostmemory",
		"error_out_of_device_memory", "out_of_memory", "cudaerrormemoryallocation",
	}
	gpuWords = []string{
		"cuda error", "rocm error", "hip error", "vk_error_", "device lost", "errordevicelost", "ggml_cuda_error", "ggml_vulkan: ",
		"ggml_metal", "mtlcommandbuffer", "illegal memory access was encountered",
	}
	assertWords = []string{"ggml_assert", "ggml_abort", "loam-chat abort", "assertion failed", "assertion `", "terminate called"}
)

// classify says why a child died. On a goroutine's thread the Go runtime turns an abort or a bad pointer into a trace and
// exit code 2; on a native thread the child dies of the signal, without a line.
func classify(r remains) *engine.Crashed {
	status := "no status"
	if r.state != nil {
		status = r.state.String()
	} else if r.err != nil {
		status = r.err.Error()
	}
	sig := signalOf(r.state)
	words := strings.ToLower(r.words)
	has := func(list []string) bool {
		return slices.ContainsFunc(list, func(w string) bool { return strings.Contains(words, w) })
	}
	fault := sig == "SIGSEGV" || sig == "SIGBUS" || sig == "SIGILL" || sig == "SIGFPE" || strings.Contains(r.words, "[signal SIG") ||
		strings.Contains(r.words, "Exception 0xc") // as the Go runtime says it on Windows
	cause := engine.CauseUnknown
	switch {
	case has(memoryWords), sig == "SIGKILL" && r.oomKilled:
		cause = engine.CauseMemory
	case sig == "SIGKILL", sig == "SIGTERM", sig == "SIGINT", sig == "SIGHUP":
		cause = engine.CauseKilled
	case has(gpuWords):
		cause = engine.CauseGPU
	case sig == "SIGBUS", strings.Contains(r.words, "[signal SIGBUS"):
		cause = engine.CauseBadFile // the mapped file is shorter than it was, or its disk fails
	case has(assertWords), sig == "SIGABRT", strings.Contains(r.words, "SIGABRT"):
		cause = engine.CauseAssertion
	}
	if r.loading && (cause == engine.CauseAssertion || cause == engine.CauseUnknown && fault) {
		cause = engine.CauseBadFile // while a file is being read, what is in it is the likely reason
	}
	return &engine.Crashed{Cause: cause, Detail: detail(status, r.words)}
}

// detail picks the telling lines: the first, and those that name a cause.
func detail(status, words string) string {
	telling := []string{status}
	for i, l := range strings.Split(words, "\n") {
		l = strings.TrimSpace(l)
		clean := true
		if at := strings.LastIndexFunc(l, odd); at >= 0 { // a library's noise ran into the line
			_, n := utf8.DecodeRuneInString(l[at:])
			l, clean = l[at+n:], false
		}
		low := strings.ToLower(l)
		names := func(list []string) bool {
			return slices.ContainsFunc(list, func(w string) bool { return strings.Contains(low, w) })
		}
		if l == "" || (i > 0 || !clean) && !strings.HasPrefix(l, "SIG") && !strings.HasPrefix(l, "[signal") && !strings.Contains(l, "fatal error: ") &&
			!strings.Contains(l, "panic: ") && !names(memoryWords) && !names(gpuWords) && !names(assertWords) {
			continue
		}
		telling = append(telling, l[:min(len(l), 300)])
		if len(telling) == 8 {
			break
		}
	}
	return strings.ToValidUTF8(strings.Join(telling, " | "), "")
}

func odd(r rune) bool { return r == utf8.RuneError || r != '\t' && !unicode.IsPrint(r) }
