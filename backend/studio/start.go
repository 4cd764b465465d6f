package studio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"loam/backend"
	"loam/backend/imagemeta"
	"loam/backend/raster"
)

// Start is a picture to start from, kept in Loam's own folder: the file that it came from may go away.
type Start struct {
	SHA256        string
	Width, Height int // pixels
}

// startDir is the folder of start pictures and masks within the folder of pictures.
const startDir = "start"

// startAge is how long a start picture is kept that nothing refers to: whoever keeps one asks for a picture soon.
const startAge = time.Hour

// StartPath is where a kept start picture or mask lies, by its SHA-256.
func (s *Service) StartPath(sum string) string {
	return filepath.Join(s.d.Dir, startDir, filepath.Base(sum)+".png")
}

// isSum says whether a text can be the SHA-256 of a kept file.
func isSum(sum string) bool {
	return len(sum) == 64 && strings.Trim(sum, "0123456789abcdef") == ""
}

// KeepStart keeps a copy of somebody's picture: upright, opaque, without what its file says about its making and its
// place. A picture that was drawn here is kept as it is. What is no picture is a *backend.BadFile.
func (s *Service) KeepStart(ctx context.Context, path string) (Start, error) {
	data, err := readAll(ctx, path)
	if err != nil {
		return Start{}, fmt.Errorf("keep start picture: %w", err)
	}
	if p, ok := s.parent(ctx, sumOf(data)); ok {
		return Start{p.SHA256, p.Width, p.Height}, s.keepStart(p.SHA256, data)
	}
	img, err := raster.Decode(bytes.NewReader(data))
	if err != nil {
		return Start{}, fmt.Errorf("keep start picture: %w", named(err, path))
	}
	var out bytes.Buffer
	if err := raster.EncodePNG(&out, img); err != nil {
		return Start{}, fmt.Errorf("keep start picture: %w", err)
	}
	sum := sumOf(out.Bytes())
	return Start{sum, img.Rect.Dx(), img.Rect.Dy()}, s.keepStart(sum, out.Bytes())
}

// KeepStartOf keeps a finished picture as a start picture.
func (s *Service) KeepStartOf(_ context.Context, p backend.Picture) (Start, error) {
	data, err := os.ReadFile(s.Path(p))
	if err != nil {
		return Start{}, fmt.Errorf("keep start picture: %w", err)
	}
	return Start{p.SHA256, p.Width, p.Height}, s.keepStart(p.SHA256, data)
}

// KeepMask keeps a mask: what is not 0 is drawn anew.
func (s *Service) KeepMask(_ context.Context, m *image.Gray) (sum string, err error) {
	if raster.Marked(m).Empty() {
		return "", errors.New("keep mask: nothing is marked in it")
	}
	var out bytes.Buffer
	if err := raster.EncodePNG(&out, m); err != nil {
		return "", fmt.Errorf("keep mask: %w", err)
	}
	sum = sumOf(out.Bytes())
	return sum, s.keepStart(sum, out.Bytes())
}

// KeepMaskFile keeps somebody's mask for a start picture: what is bright in it is drawn anew. A mask of another size is
// refused.
func (s *Service) KeepMaskFile(ctx context.Context, path string, start Start) (sum string, err error) {
	data, err := readAll(ctx, path)
	if err != nil {
		return "", fmt.Errorf("keep mask: %w", err)
	}
	m, err := raster.DecodeMask(bytes.NewReader(data))
	if err != nil {
		return "", fmt.Errorf("keep mask: %w", named(err, path))
	}
	b := m.Bounds()
	switch {
	case b.Dx() != start.Width || b.Dy() != start.Height:
		return "", fmt.Errorf("keep mask: %w", &backend.BadFile{Path: path, Reason: fmt.Sprintf(
			"as a mask it must have the size of the start picture, %d × %d, and it has %d × %d", start.Width, start.Height, b.Dx(), b.Dy())})
	case raster.Marked(m).Empty():
		return "", fmt.Errorf("keep mask: %w", &backend.BadFile{Path: path, Reason: "as a mask it must be bright where something is to be drawn anew, and it is dark all over"})
	}
	return s.KeepMask(ctx, m)
}

// readAll reads somebody's file within the bounds of a picture.
func readAll(ctx context.Context, path string) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, raster.MaxBytes+1))
	return data, errors.Join(err, ctx.Err())
}

// openRegular opens a file that can be read to its end: no folder, no pipe.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: path, Err: syscall.EISDIR}
	case !info.Mode().IsRegular():
		return nil, &backend.BadFile{Path: path, Reason: "it is no ordinary file"}
	case info.Size() > raster.MaxBytes:
		return nil, &backend.BadFile{Path: path, Reason: fmt.Sprintf("it is larger than %d MB", raster.MaxBytes>>20)}
	}
	return os.Open(path)
}

// named gives a bad file its name.
func named(err error, path string) error {
	if bad, ok := errors.AsType[*backend.BadFile](err); ok {
		return &backend.BadFile{Path: path, Reason: bad.Reason}
	}
	return err
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// keepStart writes a start picture under its sum. One that is there already becomes young again.
func (s *Service) keepStart(sum string, data []byte) error {
	path := s.StartPath(sum)
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(data)) {
		now := s.d.Now()
		return os.Chtimes(path, now, now)
	}
	if err := writeDurably(path, bytes.NewReader(data), 0o600); err != nil {
		return fmt.Errorf("keep start picture: %w", err)
	}
	return nil
}

// kept says in words when a file that a request refers to is gone.
func (s *Service) kept(r Request) error {
	for what, sum := range map[string]string{"start picture": r.Start, "mask": r.Mask} {
		if sum == "" {
			continue
		}
		if _, err := os.Stat(s.StartPath(sum)); err != nil {
			return fmt.Errorf("the %s is not there any more: choose it again", what)
		}
	}
	return nil
}

// readStart reads the start picture of a request.
func (s *Service) readStart(sum string) (*image.RGBA, error) {
	f, err := os.Open(s.StartPath(sum))
	if err != nil {
		return nil, errors.New("the start picture is not there any more: choose it again")
	}
	defer f.Close()
	img, err := raster.DecodeKept(f)
	if err != nil {
		return nil, fmt.Errorf("the start picture cannot be read any more: %w", err)
	}
	return img, nil
}

// CleanStarts removes the start pictures and masks that no job to come, no finished picture and none of keep refers to.
// Those of the last hour stay.
func (s *Service) CleanStarts(ctx context.Context, keep ...string) (removed int, err error) {
	entries, err := os.ReadDir(filepath.Join(s.d.Dir, startDir))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	} else if err != nil {
		return 0, fmt.Errorf("clean start pictures: %w", err)
	}
	used := map[string]bool{}
	for _, sum := range keep {
		used[sum] = true
	}
	jobs, err := s.d.Store.Jobs(ctx, backend.JobWaiting, backend.JobRunning, backend.JobInterrupted)
	if err != nil {
		return 0, fmt.Errorf("clean start pictures: %w", err)
	}
	for _, j := range jobs {
		var r Request
		if json.Unmarshal(j.Settings, &r) == nil {
			used[r.Start], used[r.Mask] = true, true
		}
	}
	pictures, err := s.d.Store.Pictures(ctx, 0, 0)
	if err != nil {
		return 0, fmt.Errorf("clean start pictures: %w", err)
	}
	for _, p := range pictures {
		var rec imagemeta.Receipt
		if json.Unmarshal(p.Settings, &rec) == nil {
			used[rec.Settings.Start], used[rec.Settings.Mask] = true, true
		}
	}
	for _, e := range entries {
		sum, _ := strings.CutSuffix(e.Name(), ".png")
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || used[sum] || s.d.Now().Sub(info.ModTime()) < startAge {
			continue
		}
		if !isSum(sum) && !strings.HasPrefix(sum, ".drawing-") {
			continue // not ours
		}
		if os.Remove(filepath.Join(s.d.Dir, startDir, e.Name())) == nil {
			removed++
		}
	}
	return removed, nil
}
