package words

// Where the guide says more about an error, as links of package guide: chapter#heading. A test holds them to the
// headings that there are.
const (
	LearnMemory   = "troubleshooting#the-memory-ran-out"
	LearnFile     = "troubleshooting#the-model-file-cannot-be-used"
	LearnNoModel  = "troubleshooting#no-model-is-there"
	LearnCannot   = "troubleshooting#the-model-does-not-do-that"
	LearnTemplate = "troubleshooting#the-chat-template-is-broken"
	LearnParts    = "troubleshooting#a-part-is-missing"
	LearnEngine   = "troubleshooting#the-engine-stopped"
	LearnLong     = "troubleshooting#the-message-is-too-long"
	LearnBusy     = "troubleshooting#an-answer-is-being-written-already"
	LearnDiskFull = "troubleshooting#the-disk-is-full"
	LearnReadOnly = "troubleshooting#the-data-folder-cannot-be-written"
	LearnDatabase = "troubleshooting#the-database-cannot-be-read"
	LearnNewer    = "troubleshooting#the-data-is-from-a-newer-loam"
	LearnLocked   = "troubleshooting#another-loam-is-open"
	LearnOpen     = "troubleshooting#a-file-cannot-be-opened"
	LearnUpdated  = "troubleshooting#loam-was-updated-while-it-was-open"
	LearnGivenUp  = "troubleshooting#it-was-given-up"
	LearnCrash    = "troubleshooting#loam-ended-unexpectedly"
	LearnChats    = "export#when-it-does-not-work"
	LearnNetwork  = "getting-models#when-the-hub-does-not-answer"
	LearnOffline  = "getting-models#staying-offline"
	LearnGated    = "getting-models#models-with-terms"
	LearnDownload = "getting-models#downloads"
	LearnElse     = "troubleshooting#something-else"

	LearnMove      = "models#move-the-models-folder"
	LearnCatalogue = "catalogues#add-a-catalogue"
)
