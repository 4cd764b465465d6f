package theme

import (
	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// The icons of Loam, by what they are for.
const (
	IconChats      fyne.ThemeIconName = "loamChats"
	IconPictures   fyne.ThemeIconName = "loamPictures"
	IconModels     fyne.ThemeIconName = "loamModels"
	IconSettings   fyne.ThemeIconName = "loamSettings"
	IconPlus       fyne.ThemeIconName = "loamPlus"
	IconSearch     fyne.ThemeIconName = "loamSearch"
	IconCopy       fyne.ThemeIconName = "loamCopy"
	IconRegenerate fyne.ThemeIconName = "loamRegenerate"
	IconEdit       fyne.ThemeIconName = "loamEdit"
	IconPrevious   fyne.ThemeIconName = "loamPrevious"
	IconNext       fyne.ThemeIconName = "loamNext"
	IconDown       fyne.ThemeIconName = "loamDown"
	IconUp         fyne.ThemeIconName = "loamUp"
	IconArrowDown  fyne.ThemeIconName = "loamArrowDown"
	IconArrowUp    fyne.ThemeIconName = "loamArrowUp"
	IconMore       fyne.ThemeIconName = "loamMore"
	IconStop       fyne.ThemeIconName = "loamStop"
	IconSend       fyne.ThemeIconName = "loamSend"
	IconCheck      fyne.ThemeIconName = "loamCheck"
	IconClose      fyne.ThemeIconName = "loamClose"
	IconRemove     fyne.ThemeIconName = "loamRemove"
	IconFolder     fyne.ThemeIconName = "loamFolder"
	IconFolderOpen fyne.ThemeIconName = "loamFolderOpen"
	IconFile       fyne.ThemeIconName = "loamFile"
	IconDownload   fyne.ThemeIconName = "loamDownload"
	IconUpload     fyne.ThemeIconName = "loamUpload"
	IconInfo       fyne.ThemeIconName = "loamInfo"
	IconWarn       fyne.ThemeIconName = "loamWarn"
	IconError      fyne.ThemeIconName = "loamError"
	IconSuccess    fyne.ThemeIconName = "loamSuccess"
	IconShow       fyne.ThemeIconName = "loamShow"
	IconHide       fyne.ThemeIconName = "loamHide"
	IconPlay       fyne.ThemeIconName = "loamPlay"
	IconPause      fyne.ThemeIconName = "loamPause"
	IconBranch     fyne.ThemeIconName = "loamBranch"
	IconSidebar    fyne.ThemeIconName = "loamSidebar"
	IconSun        fyne.ThemeIconName = "loamSun"
	IconMoon       fyne.ThemeIconName = "loamMoon"
	IconMonitor    fyne.ThemeIconName = "loamMonitor"
	IconDisk       fyne.ThemeIconName = "loamDisk"
	IconMemory     fyne.ThemeIconName = "loamMemory"
	IconCPU        fyne.ThemeIconName = "loamCPU"
	IconHistory    fyne.ThemeIconName = "loamHistory"
	IconUndo       fyne.ThemeIconName = "loamUndo"
	IconRedo       fyne.ThemeIconName = "loamRedo"
	IconLink       fyne.ThemeIconName = "loamLink"
	IconExternal   fyne.ThemeIconName = "loamExternal"
	IconHelp       fyne.ThemeIconName = "loamHelp"
	IconPin        fyne.ThemeIconName = "loamPin"
	IconArchive    fyne.ThemeIconName = "loamArchive"
	IconThumbsUp   fyne.ThemeIconName = "loamThumbsUp"
	IconThumbsDown fyne.ThemeIconName = "loamThumbsDown"
	IconStar       fyne.ThemeIconName = "loamStar"
	IconTag        fyne.ThemeIconName = "loamTag"
	IconKeyboard   fyne.ThemeIconName = "loamKeyboard"
	IconSliders    fyne.ThemeIconName = "loamSliders"
	IconBook       fyne.ThemeIconName = "loamBook"
	IconAttach     fyne.ThemeIconName = "loamAttach"
	IconSpark      fyne.ThemeIconName = "loamSpark"
	IconWrap       fyne.ThemeIconName = "loamWrap"
	IconCodeFile   fyne.ThemeIconName = "loamCodeFile"
	IconGauge      fyne.ThemeIconName = "loamGauge"
	IconBattery    fyne.ThemeIconName = "loamBattery"
	IconMaximize   fyne.ThemeIconName = "loamMaximize"
	IconCompare    fyne.ThemeIconName = "loamCompare"
	IconBeside     fyne.ThemeIconName = "loamBeside"
	IconTicked     fyne.ThemeIconName = "loamTicked"
	IconUnticked   fyne.ThemeIconName = "loamUnticked"
)

// iconFiles says which drawing each name shows: ours first, then every name that Fyne's own widgets ask for. A name
// without a folder lies in icons.
var iconFiles = map[fyne.ThemeIconName]string{
	IconChats: "message-square", IconPictures: "image", IconModels: "boxes", IconSettings: "settings",
	IconPlus: "plus", IconSearch: "search", IconCopy: "copy", IconRegenerate: "refresh-cw", IconEdit: "pencil",
	IconPrevious: "chevron-left", IconNext: "chevron-right", IconDown: "chevron-down", IconUp: "chevron-up",
	IconArrowDown: "arrow-down", IconArrowUp: "arrow-up", IconMore: "ellipsis", IconStop: "app/stop-fill", IconSend: "arrow-up",
	IconCheck: "check", IconClose: "x", IconRemove: "trash-2", IconFolder: "folder", IconFolderOpen: "folder-open",
	IconFile: "file", IconDownload: "download", IconUpload: "upload", IconInfo: "info", IconWarn: "triangle-alert",
	IconError: "circle-alert", IconSuccess: "circle-check", IconShow: "eye", IconHide: "eye-off", IconPlay: "play",
	IconPause: "pause", IconBranch: "git-branch", IconSidebar: "panel-left", IconSun: "sun", IconMoon: "moon",
	IconMonitor: "monitor", IconDisk: "hard-drive", IconMemory: "memory-stick", IconCPU: "cpu", IconHistory: "history",
	IconUndo: "undo-2", IconRedo: "redo-2", IconLink: "link", IconExternal: "external-link", IconHelp: "circle-question-mark",
	IconPin: "pin", IconArchive: "archive", IconThumbsUp: "thumbs-up", IconThumbsDown: "thumbs-down", IconStar: "star",
	IconTag: "tag", IconKeyboard: "keyboard", IconSliders: "sliders-horizontal", IconBook: "book-open", IconAttach: "paperclip",
	IconSpark: "sparkles", IconWrap: "wrap-text", IconCodeFile: "code", IconGauge: "gauge", IconBattery: "battery",
	IconMaximize: "maximize", IconCompare: "eye", IconBeside: "app/beside", IconTicked: "square-check", IconUnticked: "square",

	fynetheme.IconNameCancel: "x", fynetheme.IconNameConfirm: "check", fynetheme.IconNameDelete: "trash-2",
	fynetheme.IconNameSearch: "search", fynetheme.IconNameSearchReplace: "replace", fynetheme.IconNameMenu: "menu",
	fynetheme.IconNameMenuExpand: "chevron-right", fynetheme.IconNameCheckButton: "square",
	fynetheme.IconNameCheckButtonChecked: "square-check", fynetheme.IconNameCheckButtonPartial: "square-minus",
	fynetheme.IconNameCheckButtonFill: "app/square-fill", fynetheme.IconNameRadioButton: "circle",
	fynetheme.IconNameRadioButtonChecked: "circle-dot", fynetheme.IconNameRadioButtonFill: "app/circle-fill",
	fynetheme.IconNameColorAchromatic: "palette", fynetheme.IconNameColorChromatic: "palette", fynetheme.IconNameColorPalette: "palette",
	fynetheme.IconNameContentAdd: "plus", fynetheme.IconNameContentRemove: "minus", fynetheme.IconNameContentCut: "scissors",
	fynetheme.IconNameContentCopy: "copy", fynetheme.IconNameContentPaste: "clipboard-paste", fynetheme.IconNameContentClear: "x",
	fynetheme.IconNameContentRedo: "redo-2", fynetheme.IconNameContentUndo: "undo-2", fynetheme.IconNameInfo: "info",
	fynetheme.IconNameQuestion: "circle-question-mark", fynetheme.IconNameWarning: "triangle-alert", fynetheme.IconNameError: "circle-alert",
	fynetheme.IconNameBrokenImage: "image-off", fynetheme.IconNameDocument: "file-text", fynetheme.IconNameDocumentCreate: "file-plus",
	fynetheme.IconNameDocumentPrint: "printer", fynetheme.IconNameDocumentSave: "save", fynetheme.IconNameDragCornerIndicator: "move-diagonal-2",
	fynetheme.IconNameMoreHorizontal: "ellipsis", fynetheme.IconNameMoreVertical: "ellipsis-vertical",
	fynetheme.IconNameMailAttachment: "paperclip", fynetheme.IconNameMailCompose: "pencil", fynetheme.IconNameMailForward: "send",
	fynetheme.IconNameMailReply: "reply", fynetheme.IconNameMailReplyAll: "reply-all", fynetheme.IconNameMailSend: "send",
	fynetheme.IconNameMediaMusic: "music", fynetheme.IconNameMediaPhoto: "image", fynetheme.IconNameMediaVideo: "video",
	fynetheme.IconNameMediaFastForward: "fast-forward", fynetheme.IconNameMediaFastRewind: "rewind", fynetheme.IconNameMediaPause: "pause",
	fynetheme.IconNameMediaPlay: "play", fynetheme.IconNameMediaRecord: "circle-dot", fynetheme.IconNameMediaReplay: "rotate-ccw",
	fynetheme.IconNameMediaSkipNext: "skip-forward", fynetheme.IconNameMediaSkipPrevious: "skip-back", fynetheme.IconNameMediaStop: "app/stop-fill",
	fynetheme.IconNameMoveDown: "arrow-down", fynetheme.IconNameMoveUp: "arrow-up", fynetheme.IconNameNavigateBack: "arrow-left",
	fynetheme.IconNameNavigateNext: "arrow-right", fynetheme.IconNameArrowDropDown: "chevron-down", fynetheme.IconNameArrowDropUp: "chevron-up",
	fynetheme.IconNameFile: "file", fynetheme.IconNameFileApplication: "file-code", fynetheme.IconNameFileAudio: "music",
	fynetheme.IconNameFileImage: "file-image", fynetheme.IconNameFileText: "file-text", fynetheme.IconNameFileVideo: "video",
	fynetheme.IconNameFolder: "folder", fynetheme.IconNameFolderNew: "folder-plus", fynetheme.IconNameFolderOpen: "folder-open",
	fynetheme.IconNameHelp: "circle-question-mark", fynetheme.IconNameHistory: "history", fynetheme.IconNameHome: "house",
	fynetheme.IconNameSettings: "settings", fynetheme.IconNameStorage: "hard-drive", fynetheme.IconNameUpload: "upload",
	fynetheme.IconNameViewFullScreen: "maximize", fynetheme.IconNameViewRefresh: "refresh-cw", fynetheme.IconNameViewZoomFit: "search",
	fynetheme.IconNameViewZoomIn: "zoom-in", fynetheme.IconNameViewZoomOut: "zoom-out", fynetheme.IconNameViewRestore: "minimize",
	fynetheme.IconNameVisibility: "eye", fynetheme.IconNameVisibilityOff: "eye-off", fynetheme.IconNameVolumeDown: "volume-1",
	fynetheme.IconNameVolumeMute: "volume-x", fynetheme.IconNameVolumeUp: "volume-2", fynetheme.IconNameDownload: "download",
	fynetheme.IconNameComputer: "monitor", fynetheme.IconNameDesktop: "monitor", fynetheme.IconNameAccount: "user",
	fynetheme.IconNameCalendar: "calendar", fynetheme.IconNameLogin: "log-in", fynetheme.IconNameLogout: "log-out",
	fynetheme.IconNameList: "list", fynetheme.IconNameGrid: "layout-grid", fynetheme.IconNameWindowClose: "x",
	fynetheme.IconNameWindowMaximize: "maximize", fynetheme.IconNameWindowMinimize: "minimize",
}
