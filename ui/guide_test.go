package ui

import (
	"errors"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/ui/pages"
)

func TestF1OpensTheChapterOfThePage(t *testing.T) {
	for page, says := range map[pages.Page]string{
		pages.PageChats: "Ask something", pages.PagePictures: "What the starter can do", pages.PageModels: "Choose a model",
	} {
		f := fakes(t).open(1280, 800)
		f.show(page)
		f.press(fyne.KeyF1)
		f.says(says)
		if f.page != pages.PageGuide || f.focusedField().PlaceHolder != "Search the guide" {
			t.Errorf("F1 on %s leads to %s, the focus is on %q", page, f.page, f.focusedField().PlaceHolder)
		}
	}
}

func TestTheGuideIsSearchedWhileTyping(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.press(fyne.KeyF1)
	f.write("disk is full")
	f.says("Troubleshooting", "The disk is full", "Nothing more can be stored")
	f.press(fyne.KeyReturn) // another hit, or the same again: never an end
	f.press(fyne.KeyEscape)
	if f.focusedField().Text != "" || f.page != pages.PageGuide {
		t.Error("Esc does not give the search up")
	}
	f.says("Your first chat", "Limits")
	f.write("qqqq")
	f.says("Nothing in the guide has “qqqq”.")
}

func TestLinksOfTheGuideLeadOnAndBack(t *testing.T) {
	f := fakes(t).open(1280, 800)
	host{f.UI}.Guide("first-chat")
	f.guide.Follow("models.md#get-a-model")
	f.says("Instruct", "Back")
	f.tap("Back")
	f.says("Ask something")
	for _, p := range []pages.Page{pages.PageChats, pages.PagePictures, pages.PageModels, pages.PageSettings} {
		f.guide.Follow("page:" + string(p))
		if f.page != p {
			t.Errorf("the link to %s leads to %s", p, f.page)
		}
	}
}

func TestAnErrorLeadsToItsHeadingAndWaitsMeanwhile(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.fail(backend.ErrDiskFull, nil)
	f.tap("Learn more")
	f.says("Nothing more can be stored, and Loam does not go on without storing.")
	if s := f.shownText(); strings.Contains(s, "Free some space and try again.") {
		t.Error("the error lies over what explains it")
	}
	f.show(pages.PageChats)
	f.says("Free some space and try again.", "Open the data folder")
	f.notices.cancelNewest()
	f.fail(errors.New("nobody foresaw this"), nil)
	f.tap("Learn more")
	f.says("If the sentence in the message does not help")
}

func TestARefusedFileLeadsToItsHeading(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.drop("/tmp/nobody knows it.gguf")
	f.tap("Learn more")
	f.says("Loam looks at a file before it uses it, and says what is wrong.")
	if strings.Contains(f.shownText(), "nobody knows it") {
		t.Error("the card lies over what explains it")
	}
}

func TestEveryChapterFitsTheSmallestWindow(t *testing.T) {
	f := fakes(t).open(720, 480)
	for _, id := range []string{"first-chat", "attachments", "first-picture", "lora", "models", "privacy", "export", "keyboard", "troubleshooting", "laptop", "going-back", "limits"} {
		host{f.UI}.Guide(id)
		f.fits(id)
	}
}
