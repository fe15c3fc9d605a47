// ComfyTavern, green slot. No settings here: the launcher reads them from root's files, so that PM2's dump has no secret.
module.exports = {
  apps: [
    {
      name: "comfytavern-green",
      script: "/usr/bin/python3",
      interpreter: "none",
      args: ["-IS", "/opt/tavern/bin/ctd.pyz", "--root", "/opt/tavern", "execute", JSON.stringify({ slot: "green" })],
      exec_mode: "fork",
      autorestart: true,
      min_uptime: 2000,
      max_restarts: 5,
      restart_delay: 300,
      kill_timeout: 150000,
      treekill: false,
      merge_logs: true,
      out_file: "/var/log/comfytavern/green.log",
      error_file: "/var/log/comfytavern/green.log",
    },
  ],
}
