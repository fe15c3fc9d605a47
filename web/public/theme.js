// Sets light or dark before the first paint. A file of its own because the page's security policy allows no inline script.
;(function () {
  var wanted = 'auto'
  try { wanted = localStorage.getItem('vueuse-color-scheme') || 'auto' } catch { /* storage is off: follow the system */ }
  var dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark', dark)
})()
