// Package words says what errors mean to a person: one sentence that names the thing, the cause and the next step.
//
// The window and the command line both ask it, so that they say the same. It is pure: it reads nothing and keeps
// nothing, and may be called from any goroutine.
package words

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"loam/backend"
	"loam/backend/catalogue"
	"loam/backend/chat"
	"loam/backend/engine"
	"loam/backend/library"
	"loam/backend/transfer"
)

// The labels of next steps. The window makes a button of them.
const (
	NextAddModel   = "Add a model"
	NextAddFile    = "Add file"
	NextModels     = "Choose another model"
	NextSettings   = "Open settings"
	NextFolder     = "Open the data folder"
	NextTryAgain   = "Try again"
	NextOtherFiles = "Choose another file"
)

// Sentence says what err means, and the label of the next step; next is empty where there is none. A nil error has no
// words. Errors that were not foreseen are shown by their own text.
func Sentence(err error) (text, next string) {
	text, next, _ = Explain(err)
	return text, next
}

// Explain is Sentence with the place in the guide that says more, as a link of package guide.
func Explain(err error) (text, next, learn string) {
	if err == nil {
		return "", "", ""
	}
	for _, explain := range []func(error) (string, string, string){ofTransfer, ofNetwork, ofFiles, ofEngines, ofModels, ofData, ofSystem} {
		if text, next, learn := explain(err); text != "" {
			return text, next, learn
		}
	}
	return asSentence(lastWords(err)), "", LearnElse
}

// ofTransfer explains why chats were not exported or imported.
func ofTransfer(err error) (text, next, learn string) {
	if place, ok := errors.AsType[*transfer.CannotWrite](err); ok {
		why := lastWords(place.Err)
		switch {
		case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
			why = "you have no right to write there"
		case errors.Is(err, fs.ErrNotExist):
			why = "its folder is not there"
		}
		return fmt.Sprintf("%s cannot be written: %s. Choose another place.", quoted(place.Path), clause(why)), "", LearnChats
	}
	switch {
	case errors.Is(err, transfer.ErrExists):
		return "There is a file or folder of that name already. Choose another name.", "", LearnChats
	case errors.Is(err, transfer.ErrNoTraining):
		return "There is nothing to train with yet: no reply has a thumb up or was edited. Give good replies a thumb up and export again.", "", LearnChats
	case errors.Is(err, transfer.ErrNotChats):
		return "There are no chats in it that Loam can read. It reads its own exports and those of ChatGPT, LM Studio and Open WebUI.", NextOtherFiles, LearnChats
	}
	return "", "", ""
}

// ofFiles explains files that are not what they claim to be.
func ofFiles(err error) (text, next, learn string) {
	if no, ok := errors.AsType[*library.CannotMove](err); ok {
		return fmt.Sprintf("The models cannot move to %s: %s.", quoted(no.To), no.Reason), "", LearnMove
	}
	if old, ok := errors.AsType[*catalogue.Replaced](err); ok {
		return fmt.Sprintf("%s was not downloaded: the file %s is gone or another one now than the catalogue means. Find more on the page Models shows what its page has.",
			named(old.Model), quoted(old.File)), "", LearnCatalogue
	}
	if errors.Is(err, catalogue.ErrNotThere) {
		return "There is no such catalogue; 'loam models catalogue' lists the models of all, with their names.", "", LearnCatalogue
	}
	bad, ok := errors.AsType[*backend.BadFile](err)
	if !ok {
		return "", "", ""
	}
	if strings.HasSuffix(bad.Path, ".db") {
		return fmt.Sprintf("Loam's database %s cannot be read: %s. Move it away and start again, or put a copy from the backups folder in its place.",
			quoted(bad.Path), clause(bad.Reason)), NextFolder, LearnDatabase
	}
	name := "The file"
	if bad.Path != "" {
		name = quoted(filepath.Base(bad.Path))
	}
	return fmt.Sprintf("%s cannot be used: %s. Choose another file.", name, clause(bad.Reason)), NextOtherFiles, LearnFile
}

// ofEngines explains what became of the process that runs a model.
func ofEngines(err error) (text, next, learn string) {
	crash, ok := errors.AsType[*engine.Crashed](err)
	if !ok {
		switch {
		case errors.Is(err, engine.ErrOtherBuild):
			return "Loam was updated while it was running. Close it and start it again.", "", LearnUpdated
		case errors.Is(err, engine.ErrEmptyPrompt):
			return "The message is empty. Write something and send it again.", "", LearnElse
		case errors.Is(err, engine.ErrClosed):
			return "The engine was closed while it was needed. Send the message again.", NextTryAgain, LearnEngine
		}
		return "", "", ""
	}
	if crash.GaveUp {
		return fmt.Sprintf("The engine stopped three times in a row (%s), so it is not started again by itself. Choose another model, or try once more.",
			crash.Cause), NextModels, LearnEngine
	}
	switch crash.Cause {
	case engine.CauseMemory:
		return "The engine stopped because the memory ran out. Choose a smaller model or a shorter context, or close other programs.", NextModels, LearnMemory
	case engine.CauseBadFile:
		return "The engine stopped at the model file, which seems to be damaged. Get the file again or choose another model.", NextModels, LearnFile
	case engine.CauseAssertion:
		return "The engine stopped at a fault of its own. Try again, and choose another model if it comes back.", NextTryAgain, LearnEngine
	case engine.CauseGPU:
		return "The engine stopped because the graphics card or its driver failed. Try again, or choose the CPU in the settings.", NextSettings, LearnEngine
	case engine.CauseKilled:
		return "The engine was ended from outside, most likely because the machine's memory ran out. Try again, or choose a smaller model.", NextTryAgain, LearnMemory
	case engine.CauseHang:
		return "The engine did not answer any more and was ended. Try again.", NextTryAgain, LearnEngine
	case engine.CauseUnknown:
	}
	return "The engine stopped for an unknown reason. Try again.", NextTryAgain, LearnEngine
}

// ofModels explains what is wrong with the choice of a model, or with what is asked of it.
func ofModels(err error) (text, next, learn string) {
	if big, ok := errors.AsType[*backend.DoesNotFit](err); ok {
		help := "Close other programs, choose a smaller model or a shorter context, or let it load anyway: its details on the page Models have the switch."
		if big.Fatal {
			help = "Choose a smaller model or a shorter context: the system would end it."
		}
		return fmt.Sprintf("%s needs %s of memory and %s are free. %s",
			named(big.Model), size(big.Forecast.Needed()), size(big.Forecast.Free), help), NextModels, LearnMemory
	}
	if long, ok := errors.AsType[*chat.TooLong](err); ok {
		return fmt.Sprintf("The message is too long: it takes %s tokens and the model has room for %s. Shorten it, or choose a model with a larger context.",
			humanize.Comma(int64(long.Tokens)), humanize.Comma(int64(long.Room))), NextModels, LearnLong
	}
	if over, ok := errors.AsType[*chat.Overflowing](err); ok {
		return fmt.Sprintf("Not sent: with this message the model would no longer see %s of this chat, which is set to ask first. Choose what becomes of them in the window, under the context meter.",
			older(len(over.Plan.LeftOut))), "", LearnLong
	}
	if unusable, ok := errors.AsType[*chat.Unusable](err); ok {
		if unusable.Model.Kind == backend.KindAdapter {
			return fmt.Sprintf("%s cannot be used: %s. Take it out of this chat, or add its file again.", named(unusable.Model.Name), clause(unusable.Reason)), NextAddFile, LearnFile
		}
		return fmt.Sprintf("%s cannot be used: %s. Choose another model.", named(unusable.Model.Name), clause(unusable.Reason)), NextModels, LearnFile
	}
	if broken, ok := errors.AsType[*chat.BrokenTemplate](err); ok {
		return fmt.Sprintf("The chat template of %s is broken: %s. Choose a format at the top of the chat, or another model.", named(broken.Model), clause(broken.Reason)), NextModels, LearnTemplate
	}
	switch {
	case errors.Is(err, chat.ErrNoChoice):
		return "What else could have stood there was not kept with this reply. Switch on Keep alternatives in the settings of the chat and regenerate it.", "", LearnCannot
	case errors.Is(err, chat.ErrBound):
		return "This reply had to follow a given form, so none of its tokens can be exchanged. Take the form out of the settings of the chat and regenerate it.", "", LearnCannot
	case errors.Is(err, chat.ErrNoRecord):
		return "How this reply was written is not known: it was edited, or comes from another program. Regenerate writes a new one.", "", LearnCannot
	}
	if many, ok := errors.AsType[*library.Ambiguous](err); ok {
		return asSentence(many.Error()) + " Give more of the name.", "", LearnElse
	}
	if room, ok := errors.AsType[*library.NoRoom](err); ok {
		if room.At != "" {
			return fmt.Sprintf("There is no room for %s in %s: it takes %s, and %s are free there. Everything stays where it was. Free some space there, or choose another disk.",
				named(room.Model), room.At, size(room.Needed), size(room.Free)), "", LearnDiskFull
		}
		return fmt.Sprintf("There is no room to copy %s: it takes %s, and %s are free on the disk of the models folder. Free some space and try again.",
			named(room.Model), size(room.Needed), size(room.Free)), NextFolder, LearnDiskFull
	}
	if taken, ok := errors.AsType[*library.NameTaken](err); ok {
		return asSentence(taken.Error()) + " Choose another name.", "", LearnElse
	}
	if parts, ok := errors.AsType[*library.MissingParts](err); ok {
		return fmt.Sprintf("%s cannot draw yet: its %s is not here. Add the file, and the set completes itself.",
			named(parts.Model), strings.Join(parts.Missing, " and its ")), NextAddFile, LearnParts
	}
	switch {
	case errors.Is(err, engine.ErrPromptTooLong):
		return "The message is too long for the model's context. Shorten it, or choose a model with a larger context.", NextModels, LearnLong
	case errors.Is(err, backend.ErrNoModel):
		return "There is no chat model yet. Add a model file to begin.", NextAddModel, LearnNoModel
	case errors.Is(err, backend.ErrUnsupported):
		return "This engine cannot do that. Choose another model.", NextModels, LearnCannot
	case errors.Is(err, backend.ErrBusy):
		return "An answer is being written in this chat already. Wait for its end, or stop it.", "", LearnBusy
	}
	return "", "", ""
}

// ofData explains why the data folder cannot be used. It comes after the files and engines: they wrap its causes.
func ofData(err error) (text, next, learn string) {
	switch {
	case errors.Is(err, backend.ErrNewerStore):
		return "The data was last used by a newer version of Loam, so this one leaves it untouched. Start the newer version, or choose another folder with --data.", NextFolder, LearnNewer
	case errors.Is(err, backend.ErrDiskFull):
		return "The disk is full, so nothing more can be stored. Free some space and try again.", NextFolder, LearnDiskFull
	case errors.Is(err, backend.ErrReadOnly):
		return "The data folder" + pathOf(err) + " cannot be written. Give yourself the right to write there, or choose another folder with --data.", NextFolder, LearnReadOnly
	case errors.Is(err, backend.ErrLocked):
		return "Another Loam is using this data folder. Close it, or choose another folder with --data.", "", LearnLocked
	}
	return "", "", ""
}

// ofSystem explains what the operating system says.
func ofSystem(err error) (text, next, learn string) {
	path := pathOf(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "That took too long and was given up. Try again.", NextTryAgain, LearnGivenUp
	case errors.Is(err, context.Canceled):
		return "That was cancelled.", "", LearnGivenUp
	case errors.Is(err, fs.ErrNotExist):
		return "There is no file" + path + ". Check the name, or choose another file.", NextOtherFiles, LearnOpen
	case errors.Is(err, fs.ErrPermission):
		return "The file" + path + " cannot be read: you have no right to. Change its rights, or choose another file.", NextOtherFiles, LearnOpen
	case errors.Is(err, syscall.EISDIR):
		return "A file is needed, and" + path + " is a folder. Choose a file in it.", NextOtherFiles, LearnOpen
	case errors.Is(err, syscall.ENOTDIR):
		return "A folder is needed, and a part of" + path + " is a file. Choose another folder.", NextFolder, LearnOpen
	case errors.Is(err, syscall.EIO):
		return "The disk could not be read" + path + ". Check the disk, or choose another file.", NextOtherFiles, LearnOpen
	case errors.Is(err, backend.ErrNotFound):
		return "It is not there any more; it may have been removed meanwhile. Choose another one.", "", LearnGivenUp
	}
	return "", "", ""
}

// pathOf is the path that an error of the file system names, with a space before it; empty where there is none.
func pathOf(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok && e.Path != "" {
		return " " + quoted(e.Path)
	}
	return ""
}

// quoted makes a path safe to show: quoted, without control characters, not endless.
func quoted(path string) string {
	const most = 200
	shown := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, path)
	if runes := []rune(shown); len(runes) > most {
		shown = "…" + string(runes[len(runes)-most:])
	}
	return "“" + shown + "”"
}

// named is a model's name as the beginning of a sentence.
func named(model string) string {
	if model == "" {
		return "This model"
	}
	return strings.Trim(quoted(model), "“”")
}

// clause is a reason without an end, to stand within a sentence.
func clause(reason string) string {
	reason = strings.TrimRight(strings.Join(strings.Fields(reason), " "), ".")
	if reason == "" {
		return "it is not what it seems to be"
	}
	return reason
}

// size is a number of bytes as people read it.
func size(bytes int64) string { return humanize.Bytes(uint64(max(0, bytes))) }

// lastWords is the text of an error that nobody foresaw, on one line.
func lastWords(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// asSentence makes a sentence of a clause.
func asSentence(text string) string {
	text = strings.TrimRight(strings.TrimSpace(text), ".!")
	first, width := utf8.DecodeRuneInString(text)
	if width == 0 {
		return "Something went wrong."
	}
	return string(unicode.ToUpper(first)) + text[width:] + "."
}

func older(n int) string {
	if n == 1 {
		return "the oldest message"
	}
	return fmt.Sprintf("the %d oldest messages", n)
}
