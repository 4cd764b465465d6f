package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStreamIsCountedAndShown(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		want         Counts
		shown        string
	}{
		{
			name: "a passing package shows one line",
			stream: `{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}`,
			want: Counts{Passed: 1}, shown: "ok  \tp\t0.1s\n",
		},
		{
			name: "a failed test shows what it said, and counts once",
			stream: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}`,
			want: Counts{Failed: 1, FailedNames: []string{"p: TestA"}}, shown: "    a_test.go:1: wrong\nFAIL\tp\t0.1s\n",
		},
		{
			name: "a crash outside of a test counts as the package",
			stream: `{"Action":"output","Package":"p","Output":"panic: no\n"}
{"Action":"fail","Package":"p"}`,
			want: Counts{Failed: 1, FailedNames: []string{"p"}}, shown: "panic: no\n",
		},
		{
			name: "a skip gives its reason",
			stream: `{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: no GPU\n"}
{"Action":"skip","Package":"p","Test":"TestA"}`,
			want: Counts{Skipped: 1}, shown: "skipped p: TestA: a_test.go:1: no GPU\n",
		},
		{
			name: "a compiler's words pass through", stream: "# p\n./a.go:1: syntax error\n{not json}",
			shown: "# p\n./a.go:1: syntax error\n{not json}\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var shown strings.Builder
			got, err := Read(strings.NewReader(c.stream), &shown)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.shown, shown.String()); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCountsOfSeveralRunsGather(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counts")
	for _, c := range []Counts{{Passed: 2}, {Passed: 1, Failed: 1, Skipped: 3, FailedNames: []string{"p: TestA"}}} {
		if err := c.add(path); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("counts 2 0 0\ncounts 1 1 3\nfailed p: TestA\n", string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzReadTakesAnyStream(f *testing.F) {
	f.Add(`{"Action":"pass","Package":"p","Test":"TestA"}`)
	f.Add("{\"Action\":\"fail\"}\n{")
	f.Fuzz(func(t *testing.T, stream string) {
		got, err := Read(strings.NewReader(stream), &strings.Builder{})
		if err == nil && got.Failed != len(got.FailedNames) {
			t.Errorf("%d failed, %d names", got.Failed, len(got.FailedNames))
		}
	})
}
