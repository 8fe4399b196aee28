"""Settings from files, one setting each: how a container is handed its secrets.

In the folder that `CHECKOUT_SECRETS_FOLDER` names, the file `checkout_secret_key` is the setting `CHECKOUT_SECRET_KEY`.
A secret in a file stands in no process list, no `inspect` and no child's environment. The environment goes before it.
Knows files; must never know a setting.
"""

import os
from pathlib import Path

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource

FOLDER = "CHECKOUT_SECRETS_FOLDER"


class SettingFilesError(Exception):
    """The files that are to hold settings cannot be read by this user."""

    code = "secrets_unreadable"


class FromFiles(BaseSettings):
    """Settings that may also stand in files."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """In order of precedence. SettingFilesError when a folder is named and cannot be read."""
        folder = os.environ.get(FOLDER)
        if folder:
            _look_into(Path(folder))
            file_secret_settings = SecretsSettingsSource(settings_cls, folder)
        return init_settings, env_settings, dotenv_settings, file_secret_settings


def _look_into(folder: Path) -> None:
    """Fail in a sentence where the library would warn and go on with a default, or break."""
    try:
        for file in folder.iterdir():
            if file.is_file() and not os.access(file, os.R_OK):
                raise SettingFilesError(
                    f"{file} cannot be read by user {os.geteuid()}: containers see a secret's file with the owner and "
                    "the mode it has outside; make it readable, and keep others out by its folder's mode"
                )
    except OSError as refused:
        raise SettingFilesError(f"{FOLDER}={folder}: {refused.strerror}") from refused
