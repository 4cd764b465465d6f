package macos

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plistWords are all the texts of a property list, in order.
func plistWords(t *testing.T, path string) (words []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return words
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" {
			words = append(words, string(text))
		}
	}
}

func TestTheBundleHasWhatMacOSLooksFor(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	dir := t.TempDir()
	for name, content := range map[string]string{"bin/loam": "the program", "bin/lib/loam/chat-pack/libloam-chat.dylib": "an engine"} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "bundle.sh")
	cmd.Env = append(os.Environ(), "LOAM_ROOT="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	contents := filepath.Join(dir, "dist", "Loam.app", "Contents")
	words := plistWords(t, filepath.Join(contents, "Info.plist"))
	after := func(key string) string {
		i := slices.Index(words, key)
		if i < 0 || i+1 == len(words) {
			t.Fatalf("Info.plist has no %s", key)
		}
		return words[i+1]
	}
	program := filepath.Join(contents, "MacOS", after("CFBundleExecutable"))
	if info, err := os.Stat(program); err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("the program: %v, %v", info, err)
	}
	// app.FindLib looks for lib/loam beside the program's folder.
	if _, err := os.Stat(filepath.Join(filepath.Dir(filepath.Dir(program)), "lib", "loam", "chat-pack", "libloam-chat.dylib")); err != nil {
		t.Error(err)
	}
	icon, err := os.ReadFile(filepath.Join(contents, "Resources", after("CFBundleIconFile")))
	if err != nil || !strings.HasPrefix(string(icon), "icns") {
		t.Errorf("the icon: %v", err)
	}
	for _, key := range []string{"CFBundleShortVersionString", "CFBundleVersion"} {
		if v := after(key); v == "" || strings.Trim(v, "0123456789.") != "" {
			t.Errorf("%s is %q", key, v)
		}
	}
	for _, end := range []string{"gguf", "safetensors"} {
		if !slices.Contains(words, end) {
			t.Errorf("no file type for %s", end)
		}
	}
}
