"""What results say: documents, comparison, the story of a run."""
