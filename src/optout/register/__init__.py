"""What is written down about deliveries: certificates that anybody can verify offline."""

from optout.register.certificate import Certificate, issue, verify_certificate

__all__ = ["Certificate", "issue", "verify_certificate"]
