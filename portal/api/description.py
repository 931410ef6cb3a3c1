"""The description of the partners' interface, open to everybody."""

from functools import cache

from django.http import HttpResponse
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request


class Description(SpectacularAPIView):
    """OpenAPI 3, as YAML or JSON by what the request accepts; in English, as the interface is."""

    permission_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        media_type, charset = request.accepted_renderer.media_type, request.accepted_renderer.charset
        name = f"{spectacular_settings.TITLE}.{request.accepted_renderer.format}"
        return HttpResponse(
            _written(media_type),
            content_type=f"{media_type}; charset={charset}" if charset else media_type,
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )


@cache
def _written(media_type: str) -> str | bytes:
    """Made once by each process: a sixth of a second of a processor, which anybody may ask for at any rate."""
    renderer = next(kind for kind in Description.renderer_classes if kind.media_type == media_type)
    return renderer().render(spectacular_settings.DEFAULT_GENERATOR_CLASS().get_schema(public=True))
