"""`CampaignResult` -> `Report` (plain data) -> text: the only place that rounds or says "%"."""
