"""The paragraph of the architecture in code: tables, snapshots, models, health, reasons, pages; one module a step."""
