package crash

import (
	"fmt"
	"path"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// headMark begins the line that Watch writes before anything happens.
const headMark = "loam-trace: "

func head(about string) string {
	return headMark + plain(about) + ", " + runtime.GOOS + "/" + runtime.GOARCH + ", " + plain(runtime.Version()) + "\n"
}

// plain leaves of a version what a version may hold.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == ',' || r == '/' || r == '.' || r == '-' || r == '+' || r == '(' || r == ')' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s)
}

// What the runtime says of itself, in words that are its own. The text of a panic may hold anything, such as a prompt or
// a path, so it is kept only where it is one of the runtime's.
var (
	runtimePanic = regexp.MustCompile(`^panic: runtime error: (invalid memory address or nil pointer dereference|integer divide by zero|makeslice: (?:len|cap) out of range|(?:slice bounds|index) out of range \[[-0-9:a-z ]{1,40}\](?: with (?:length|capacity) [0-9]+)?|hash of unhashable type|negative shift amount|comparing uncomparable type)`)
	channelPanic = regexp.MustCompile(`^panic: (assignment to entry in nil map|close of nil channel|close of closed channel|send on closed channel|sync: [a-z A-Z]{1,60})$`)
	fatalError   = regexp.MustCompile(`^fatal error: ([a-zA-Z0-9 :,_-]{1,100})$`)
	signalLine   = regexp.MustCompile(`^\[?(?:signal )?(SIG[A-Z]{2,8})[: ]`)
	goroutine    = regexp.MustCompile(`^goroutine ([0-9]+) .*\[([a-zA-Z0-9 ,()-]{1,80})\]`)
	function     = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9_./*()\[\]·%~-]{0,300}?)\([^()]*\)$`)
	createdBy    = regexp.MustCompile(`^created by ([A-Za-z0-9_][A-Za-z0-9_./*()\[\]·%~-]{0,300}?)(?: in goroutine ([0-9]+))?$`)
	sourceLine   = regexp.MustCompile(`^\t(.{1,400}\.(?:go|s|c)):([0-9]{1,7})(?: \+0x[0-9a-f]+)?$`)
)

// Clean makes a report of a trace, or "" where the trace tells of no crash. It keeps what it knows to be harmless and
// drops everything else: the kind of the fault, names of functions without their arguments, and names of source files with
// the folder they are in. The text of a panic, numbers of registers, and folders above a source file are left out.
func Clean(trace string, when time.Time) string {
	var b strings.Builder
	cause, about, traced := "", "", false
	var stack strings.Builder
	for line := range strings.Lines(trace) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, headMark):
			if about == "" {
				about = plain(strings.TrimPrefix(line, headMark))
			}
			continue
		case goroutine.MatchString(line):
			// Lines of a panic's text are indented by the runtime: none of them can pass for this one.
			m := goroutine.FindStringSubmatch(line)
			traced = true
			fmt.Fprintf(&stack, "\ngoroutine %s [%s]\n", m[1], m[2])
			continue
		}
		if !traced {
			cause = worse(cause, line)
			continue
		}
		if stack.Len() > maxReport {
			continue
		}
		switch {
		case sourceLine.MatchString(line):
			m := sourceLine.FindStringSubmatch(line)
			fmt.Fprintf(&stack, "    %s:%s\n", source(m[1]), m[2])
		case createdBy.MatchString(line):
			fmt.Fprintf(&stack, "  created by %s\n", createdBy.FindStringSubmatch(line)[1])
		case function.MatchString(line):
			fmt.Fprintf(&stack, "  %s\n", function.FindStringSubmatch(line)[1])
		}
	}
	if cause == "" && !traced {
		return ""
	}
	if cause == "" {
		cause = "not known"
		if first, _, _ := strings.Cut(strings.TrimLeft(stack.String(), "\n"), "\n    "); strings.HasSuffix(first, ".fatal") || strings.HasSuffix(first, ".throw") {
			// The runtime says which only on stderr.
			cause = "fatal error of the runtime (such as a map that two goroutines use at once)"
		}
	}
	if about == "" {
		about = "Loam"
	}
	fmt.Fprintf(&b, "%s\n%s UTC\nCause: %s\n", about, when.UTC().Format("2006-01-02 15:04"), cause)
	b.WriteString(stack.String())
	text := b.String()
	if len(text) > maxReport {
		text = strings.ToValidUTF8(text[:maxReport-20], "") + "\n(cut off here)\n"
	}
	return text
}

// worse says what ended the program, from the lines before the first goroutine; the first line that says so counts.
func worse(have, line string) string {
	if have != "" {
		return have
	}
	if m := runtimePanic.FindStringSubmatch(line); m != nil {
		return "panic: runtime error: " + m[1]
	}
	if m := channelPanic.FindStringSubmatch(line); m != nil {
		return "panic: " + m[1]
	}
	if m := fatalError.FindStringSubmatch(line); m != nil {
		return "fatal error: " + m[1]
	}
	if m := signalLine.FindStringSubmatch(line); m != nil {
		return "signal " + m[1]
	}
	if strings.HasPrefix(line, "panic: ") {
		return "panic (its text is left out)"
	}
	return ""
}

// source is a source file with the folder that it is in; the folders above are those of the machine it was built on.
func source(file string) string {
	file = strings.ReplaceAll(file, `\`, "/")
	name := path.Base(file)
	if dir := path.Base(path.Dir(file)); dir != "." && dir != "/" {
		return plainPath(dir) + "/" + plainPath(name)
	}
	return plainPath(name)
}

func plainPath(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '@' {
			return r
		}
		if r == '/' || plain(string(r)) == "" {
			return -1
		}
		return r
	}, s)
}
