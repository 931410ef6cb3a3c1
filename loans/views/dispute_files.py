"""A file of a dispute, handed only to those concerned, and never opened inside the portal."""

from io import BytesIO

from django.http import FileResponse, Http404
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.requests import SignedInRequest
from loans.models import DisputeFile


@require_safe
def dispute_file(request: SignedInRequest, dispute_id: int, file_id: int) -> FileResponse:
    """The file, to keep: for the borrower of its dispute and for agents who may read disputes; for others, 404."""
    file = DisputeFile.objects.select_related("dispute").filter(pk=file_id, dispute_id=dispute_id).first()
    if file is None or not _may_read(request.user, file):
        raise Http404
    response = FileResponse(
        BytesIO(bytes(file.content)), as_attachment=True, filename=file.name, content_type=file.content_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


def _may_read(user: User, file: DisputeFile) -> bool:
    return file.dispute.borrower_id == user.pk or (user.is_staff and user.has_perm("loans.view_dispute"))
