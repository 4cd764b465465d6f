//go:build window

package windowtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a file manager does with "Open with Loam" while a window is there: another start, which hands its files over and
// ends. They come to the running window exactly as a drop does.
func TestASecondStartHandsItsFilesToTheWindow(t *testing.T) {
	s, data, dir := newScreen(t, "1280x800"), t.TempDir(), t.TempDir()
	notes := filepath.Join(dir, "no model.gguf")
	if err := os.WriteFile(notes, []byte("this is a text and no model"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := start(t, s, data)
	empty := s.shot(t, "handed-0-empty")

	l.drop(notes)
	s.tool(t, "xdotool", "mousemove", "700", "600") // what lies under the pointer tells about itself
	time.Sleep(2 * time.Second)                     // what the card says of the file has come by then
	dropped := s.shot(t, "handed-1-dropped")
	if changed(empty, dropped) < 0.01 {
		t.Error("nothing is seen of the drop")
	}
	l.key("Escape")
	l.until("the card to go", func() bool { return changed(empty, s.shot(t, "handed-2-closed")) < 0.01 })

	second := launch(t, s, data, notes)
	<-second.ended
	if !second.cmd.ProcessState.Success() {
		t.Fatalf("the second start failed: %s", second.out)
	}
	l.alive()
	l.until("the same card for the handed file", func() bool { return changed(dropped, s.shot(t, "handed-3-handed")) < 0.001 })
	if windows := strings.Fields(s.tool(t, "xdotool", "search", "--onlyvisible", "--name", "^Loam")); len(windows) != 1 {
		t.Errorf("%d windows are open", len(windows))
	}
	l.quit()
}
