package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/adrg/xdg"

	"loam/backend"
)

// EnvData is the variable that names one folder for everything, as --data does.
const EnvData = "LOAM_DATA"

// Folders are the places on disk, as absolute paths.
type Folders struct{ Data, Models, Pictures, Cache, Config, Logs string }

// DefaultFolders returns the folders of this person on this system. With dataFlag or $LOAM_DATA set, all of them lie in
// that one folder, which can be carried away whole. Nothing is made yet.
func DefaultFolders(dataFlag string) (Folders, error) {
	one := dataFlag
	if one == "" {
		one = os.Getenv(EnvData)
	}
	f := Folders{
		Data: filepath.Join(xdg.DataHome, "loam"), Cache: filepath.Join(xdg.CacheHome, "loam"),
		Config: filepath.Join(xdg.ConfigHome, "loam"), Logs: filepath.Join(xdg.StateHome, "loam"),
	}
	if one != "" {
		abs, err := filepath.Abs(one)
		if err != nil {
			return Folders{}, fmt.Errorf("data folder %s: %w", one, err)
		}
		f = Folders{Data: abs, Cache: filepath.Join(abs, "cache"), Config: filepath.Join(abs, "config"), Logs: filepath.Join(abs, "logs")}
	}
	f.Models, f.Pictures = filepath.Join(f.Data, "models"), filepath.Join(f.Data, "pictures")
	return f, nil
}

func (f Folders) database() string { return filepath.Join(f.Data, "loam.db") }

// states is the folder of the chats' KV states.
func (f Folders) states() string { return filepath.Join(f.Cache, "kv") }

// attachments is the folder of the files that stand beside messages.
func (f Folders) attachments() string { return filepath.Join(f.Data, "attachments") }

// make makes the folders that data is written to. The others are made when something is written there.
func (f Folders) make() error {
	for _, dir := range []string{f.Data, f.Models} {
		if dir == "" {
			return errors.New("make the data folder: it has no name")
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the data folder: %w", diskError(err))
		}
	}
	return nil
}

// diskError gives an error of the file system the sentinel that callers branch on.
func diskError(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: %w", backend.ErrDiskFull, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %w", backend.ErrReadOnly, err)
	}
	return err
}
