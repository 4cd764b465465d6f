//go:build !nonative && linux

package sd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"loam/backend/engine"
	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/worker"
)

// drawn is what one picture took, in milliseconds; CPU is the processor time of the process that draws.
type drawn struct {
	Before    float64 // wall, from the request to the end of the first step
	Step      float64
	StepCPU   float64 `json:"step_cpu"`
	Decode    float64
	DecodeCPU float64 `json:"decode_cpu"`
	PeakMB    float64 `json:"peak_mb"`
}

// cpuOf is the processor time of a process in milliseconds: fields 14 and 15 of /proc/PID/stat, ticks of 10 ms (proc(5)).
func cpuOf(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+2:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) * 10
}

// peakOf is the largest resident size of a process so far, in MB.
func peakOf(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(l, "VmHWM:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(v)[0], 64)
			return kb / 1024
		}
	}
	return 0
}

// ours draws through the confined child, as the program does.
func ours(b *testing.B, r engine.PictureLoad, side, steps, pictures int) []drawn {
	b.Helper()
	c, err := worker.OpenPictures(b.Context(), worker.Spec{Engine: Pack{}.Name(), Picture: r})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	var list []drawn
	for i := range pictures {
		var first, last time.Time
		var firstCPU, lastCPU float64
		begin := time.Now()
		_, err := c.Generate(b.Context(), engine.PictureRequest{
			Prompt: "a lighthouse at dusk", Width: side, Height: side, Steps: steps, CFG: 1, Seed: 42 + uint64(i),
		}, func(p engine.PictureProgress) error {
			if p.Phase == "sampling" && p.Step == 1 {
				first, firstCPU = time.Now(), cpuOf(c.PID())
			}
			if p.Phase == "sampling" && p.Step == steps {
				last, lastCPU = time.Now(), cpuOf(c.PID())
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
		list = append(list, drawn{
			ms(first.Sub(begin)), ms(last.Sub(first)) / float64(steps-1), (lastCPU - firstCPU) / float64(steps-1),
			ms(time.Since(last)), cpuOf(c.PID()) - lastCPU, peakOf(c.PID()),
		})
	}
	return list
}

// direct draws with the C program.
func direct(b *testing.B, program string, r engine.PictureLoad, side, steps, pictures int) []drawn {
	b.Helper()
	flash := "0"
	if r.FlashAttn {
		flash = "1"
	}
	args := []string{filepath.Dir(program), fmt.Sprint(r.Threads), fmt.Sprint(side), fmt.Sprint(steps), fmt.Sprint(pictures), flash}
	for role, path := range map[string]string{"checkpoint": r.Files.Checkpoint, "diffusion": r.Files.Diffusion, "t5xxl": r.Files.T5XXL, "taesd": r.Files.TAE} {
		if path != "" {
			args = append(args, role, path)
		}
	}
	out, err := exec.CommandContext(b.Context(), program, args...).Output()
	if err != nil {
		b.Fatalf("%v: %v", args, err)
	}
	var list []drawn
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		var d drawn
		if err := json.Unmarshal(s.Bytes(), &d); err != nil {
			b.Fatalf("%s: %v", s.Text(), err)
		}
		list = append(list, d)
	}
	return list
}

func middle(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// BenchmarkAgainstDirect draws in turns with the program and with a C program that drives a native build of the same
// library (packaging/native/picturebench/build.sh says how). Ratios of processor time hold on a busy machine, too; each is
// the median over pairs. LOAM_PAIRS is how many.
func BenchmarkAgainstDirect(b *testing.B) {
	program := os.Getenv("LOAM_DIRECT")
	if program == "" {
		b.Skip("SKIP: LOAM_DIRECT does not name the program of packaging/native/picturebench/build.sh")
	}
	pairs, _ := strconv.Atoi(os.Getenv("LOAM_PAIRS"))
	pairs = max(pairs, 3)
	_, tinyFiles := tiny(b)
	sd15 := engine.PictureFiles{Checkpoint: filepath.Join(b.TempDir(), "sd15.safetensors")}
	if err := tinypicture.WriteSD15(sd15.Checkpoint, 1); err != nil {
		b.Fatal(err)
	}
	for _, x := range []struct {
		name        string
		files       engine.PictureFiles
		side, steps int
		flash       bool
	}{
		{"tiny-256", tinyFiles, 256, 6, true},
		{"sd15-128", sd15, 128, 3, true},
		{"sd15-128-noflash", sd15, 128, 3, false},
	} {
		b.Run(x.name, func(b *testing.B) {
			r := engine.PictureLoad{Files: x.files, Threads: 1, PluginDir: packDir(b), FlashAttn: x.flash}
			const pictures = 2 // the first one reads the weights
			var step, decode, stepCPU, load, theirLoad, peak, theirPeak, wall []float64
			for range b.N * pairs {
				mine := ours(b, r, x.side, x.steps, pictures)
				theirs := direct(b, program, r, x.side, x.steps, pictures)
				m, d := mine[1], theirs[1]
				step, stepCPU = append(step, m.StepCPU/d.StepCPU), append(stepCPU, m.StepCPU)
				wall = append(wall, m.Step/d.Step)
				decode = append(decode, m.DecodeCPU/d.DecodeCPU)
				load, theirLoad = append(load, mine[0].Before-m.Before), append(theirLoad, theirs[0].Before-d.Before)
				peak, theirPeak = append(peak, m.PeakMB), append(theirPeak, d.PeakMB)
			}
			for unit, list := range map[string][]float64{
				"step-cpu-ratio": step, "step-cpu-ms": stepCPU, "step-wall-ratio": wall, "decode-cpu-ratio": decode, "load-ms": load,
				"direct-load-ms": theirLoad, "peak-MB": peak, "direct-peak-MB": theirPeak,
			} {
				b.ReportMetric(middle(list), unit)
			}
		})
	}
}
