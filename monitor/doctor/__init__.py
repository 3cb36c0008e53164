"""What `brand-monitor doctor` examines: installation, models, servers; each problem comes with its remedy."""

from monitor.doctor.examination import Examination, Verdict, examine

__all__ = ["Examination", "Verdict", "examine"]
