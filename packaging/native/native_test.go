//go:build !nonative

package native

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// variants are the CPU levels that CMakeLists.txt builds, by architecture.
var variants = map[string][]string{
	"amd64": {"alderlake", "haswell", "icelake", "sandybridge", "sapphirerapids", "skylakex", "sse42", "x64", "zen4"},
	"arm64": {"armv8.0", "armv8.2", "armv8.6"},
}

func TestEveryVariantIsThereAndAnswers(t *testing.T) {
	want := []string{"libggml-base.so"}
	for _, name := range variants[runtime.GOARCH] {
		want = append(want, "libggml-cpu-"+name+".so")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, libraries(t)); diff != "" {
		t.Fatalf("bin/lib/loam/chat (-want +got):\n%s", diff)
	}
	for _, name := range want {
		if name == "libggml-base.so" {
			continue
		}
		exported := symbols(t, filepath.Join(chatDir(t), name))
		for _, symbol := range []string{"ggml_backend_init", "ggml_backend_score"} {
			if !slices.Contains(exported, symbol) {
				t.Errorf("%s does not export %s; ggml's loader would pass it over", name, symbol)
			}
		}
	}
}

// packVariants are the CPU levels of the chat pack.
var packVariants = map[string][]string{
	"amd64": {
		"alderlake", "cannonlake", "cascadelake", "cooperlake", "haswell", "icelake", "ivybridge", "piledriver", "sandybridge",
		"sapphirerapids", "skylakex", "sse42", "x64", "zen4",
	},
}

func TestChatPackIsWhole(t *testing.T) {
	got := librariesIn(t, packDir(t))
	want := []string{"libggml-base.so", "libggml.so", "libgomp.so.1", "libloam-chat.so"}
	for _, name := range packVariants[runtime.GOARCH] {
		want = append(want, "libggml-cpu-"+name+".so")
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("bin/lib/loam/chat-pack has no %s", name)
		}
	}
}

// TestChatPackOffersOneName: whatever else it offered could be mixed up with the ggml and llama.cpp inside the program.
func TestChatPackOffersOneName(t *testing.T) {
	var got []string
	for _, name := range symbols(t, filepath.Join(packDir(t), "libloam-chat.so")) {
		if name != "loam_chat" { // the version's own name
			got = append(got, name)
		}
	}
	if diff := cmp.Diff([]string{"loam_chat_functions"}, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// TestChatPackSharesNothing: unique symbols are shared by all libraries of a process, whatever their scope.
func TestChatPackSharesNothing(t *testing.T) {
	const unique = 10 // STB_GNU_UNIQUE
	for _, name := range librariesIn(t, packDir(t)) {
		all, err := open(t, filepath.Join(packDir(t), name)).DynamicSymbols()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			if s.Info>>4 == unique && s.Section != elf.SHN_UNDEF {
				t.Errorf("%s has the unique symbol %s", name, s.Name)
			}
		}
	}
}

func TestLibrariesLookOnlyBesideThemselves(t *testing.T) {
	// What every system with a C++ program has; libgomp1 comes with the compiler's runtime.
	system := []string{
		"libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libgomp.so.1", "libm.so.6", "libpthread.so.0", "libstdc++.so.6",
		"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
	}
	for _, path := range shipped(t) {
		name := filepath.Base(path)
		file := open(t, path)
		needed, err := file.ImportedLibraries()
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range needed {
			if other != "libggml-base.so" && other != "libggml.so" && !slices.Contains(system, other) {
				t.Errorf("%s needs %s, which a person's machine may lack", name, other)
			}
		}
		paths := slices.Concat(dynamic(t, file, elf.DT_RUNPATH), dynamic(t, file, elf.DT_RPATH))
		if diff := cmp.Diff([]string{"$ORIGIN"}, paths); diff != "" {
			t.Errorf("%s: library search path (-want +got):\n%s", name, diff)
		}
	}
}

// foreign matches the start of a path that only the building machine has.
var foreign = regexp.MustCompile(`/(root|home|work|tmp|Users|builds?)/[\w.@/+-]{3,}`)

func TestNothingBuiltNamesTheBuildingMachine(t *testing.T) {
	paths := append([]string{program(t)}, shipped(t)...)
	module := []byte("ollama@v0")
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if path != paths[0] { // the program's own text may speak of /tmp/ and /home/
			for _, found := range foreign.FindAll(content, 3) {
				t.Errorf("%s holds %q", filepath.Base(path), found)
			}
			if bytes.Contains(content, module) {
				t.Errorf("%s holds the module cache's folder name", filepath.Base(path))
			}
		}
		for _, dir := range []string{home + "/go/pkg", home + "/.cache", root(t)} {
			if bytes.Contains(content, []byte(dir)) {
				t.Errorf("%s holds the path %s", filepath.Base(path), dir)
			}
		}
	}
}

// TestProgramKeepsItsEngineToItself: a variant that bound to the ggml inside the program would mix two copies of its state.
func TestProgramKeepsItsEngineToItself(t *testing.T) {
	for _, symbol := range symbols(t, program(t)) {
		if strings.HasPrefix(symbol, "ggml_") || strings.HasPrefix(symbol, "llama_") || strings.HasPrefix(symbol, "gguf_") {
			t.Errorf("bin/loam exports %s", symbol)
		}
	}
}

func TestProgramHoldsTheEngine(t *testing.T) {
	file := open(t, program(t))
	all, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(all, func(s elf.Symbol) bool { return s.Name == "llama_model_load_from_file" }) {
		t.Error("bin/loam does not hold llama_model_load_from_file; the rule about exported symbols looks at nothing")
	}
}

func TestStarterIsThePinnedModel(t *testing.T) {
	dir := filepath.Join(root(t), "bin", "lib", "loam", "starter")
	text, err := os.ReadFile(filepath.Join(dir, "starter.json"))
	if err != nil {
		t.Fatalf("%v: run make setup once", err)
	}
	var starter struct {
		Name, File, SHA256, License, Source string
		Size                                int64
	}
	if err := json.Unmarshal(text, &starter); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(dir, starter.File))
	if err != nil {
		t.Fatalf("%v: run make setup once", err)
	}
	defer file.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(starter.SHA256, hex.EncodeToString(sum.Sum(nil))); diff != "" || size != starter.Size {
		t.Errorf("%s: %d bytes, want %d; SHA-256 (-want +got):\n%s", starter.File, size, starter.Size, diff)
	}
	if starter.License != "Apache-2.0" || starter.Name == "" || starter.Source == "" {
		t.Errorf("starter.json does not say what the model is, whose it is and under which licence: %+v", starter)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func chatDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(root(t), "bin", "lib", "loam", "chat")
}

func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(root(t), "bin", "loam")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make build once", err)
	}
	return path
}

func packDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(root(t), "bin", "lib", "loam", "chat-pack")
}

// shipped are the libraries of both chat engines that we build, libgomp of the compiler excluded.
func shipped(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, dir := range []string{chatDir(t), packDir(t)} {
		for _, name := range librariesIn(t, dir) {
			if name != "libgomp.so.1" {
				paths = append(paths, filepath.Join(dir, name))
			}
		}
	}
	return paths
}

func libraries(t *testing.T) []string {
	t.Helper()
	return librariesIn(t, chatDir(t))
}

func librariesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatalf("%v: run make setup once", err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func open(t *testing.T, path string) *elf.File {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// symbols returns the names that a file offers to others, not those it asks for.
func symbols(t *testing.T, path string) []string {
	t.Helper()
	all, err := open(t, path).DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range all {
		if s.Section != elf.SHN_UNDEF {
			names = append(names, s.Name)
		}
	}
	return names
}

func dynamic(t *testing.T, file *elf.File, tag elf.DynTag) []string {
	t.Helper()
	values, err := file.DynString(tag)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
