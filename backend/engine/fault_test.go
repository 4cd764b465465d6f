package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"loam/backend"

	"github.com/google/go-cmp/cmp"
)

func TestErrorsKeepTheirIdentityAcrossTheBorder(t *testing.T) {
	for _, err := range []error{
		ErrPromptTooLong, ErrEmptyPrompt, ErrClosed, ErrOtherBuild, backend.ErrUnsupported, backend.ErrNotFound,
		context.Canceled, context.DeadlineExceeded,
	} {
		got := cross(t, fmt.Errorf("generate: %w", err))
		if !errors.Is(got, err) || got.Error() != "generate: "+err.Error() {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestTypedErrorsKeepTheirFieldsAcrossTheBorder(t *testing.T) {
	bad := &backend.BadFile{Path: "/m/a.gguf", Reason: "it is cut short"}
	fit := &backend.DoesNotFit{Model: "big", Forecast: backend.Forecast{Total: 9, Free: 4}}
	crash := &Crashed{Cause: CauseGPU, Detail: "device lost"}

	var gotBad *backend.BadFile
	if !errors.As(cross(t, fmt.Errorf("load: %w", bad)), &gotBad) || cmp.Diff(bad, gotBad) != "" {
		t.Errorf("got %v", gotBad)
	}
	var gotFit *backend.DoesNotFit
	if !errors.As(cross(t, fit), &gotFit) || cmp.Diff(fit, gotFit) != "" {
		t.Errorf("got %v", gotFit)
	}
	var gotCrash *Crashed
	if !errors.As(cross(t, crash), &gotCrash) || cmp.Diff(crash, gotCrash) != "" {
		t.Errorf("got %v", gotCrash)
	}
}

func TestOtherErrorsKeepTheirWords(t *testing.T) {
	if got := cross(t, errors.New("no such device")); got == nil || got.Error() != "no such device" {
		t.Errorf("got %v", got)
	}
	if got := cross(t, nil); got != nil {
		t.Errorf("nil became %v", got)
	}
	if got := (&Fault{Code: codeFit, Text: "x"}).Err(); got == nil || got.Error() != "x" {
		t.Errorf("a fault without its fields became %v", got)
	}
}

func cross(t *testing.T, err error) error {
	t.Helper()
	b, merr := json.Marshal(FaultOf(err))
	if merr != nil {
		t.Fatal(merr)
	}
	var f *Fault
	if merr := json.Unmarshal(b, &f); merr != nil {
		t.Fatal(merr)
	}
	return f.Err()
}

// FuzzFault reads what a child might say of its failure: it becomes an error with its words, whatever fields are missing.
func FuzzFault(f *testing.F) {
	f.Add([]byte(`{"code":"bad file","text":"x: cut short","path":"x","reason":"cut short"}`))
	f.Add([]byte(`{"code":"does not fit","text":"x"}`))
	f.Add([]byte(`{"code":"crashed","cause":"hang"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var fault *Fault
		if json.Unmarshal(in, &fault) != nil || fault == nil {
			return
		}
		err := fault.Err()
		if err == nil || err.Error() != fault.Text {
			t.Fatalf("%+v became %v", fault, err)
		}
		if again := FaultOf(err); again.Text != fault.Text {
			t.Errorf("%+v became %+v", fault, again)
		}
	})
}
