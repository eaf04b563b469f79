/** Runs before the first paint, so that a chosen theme never flashes. The key is that of theme.ts. */
export const THEME_SCRIPT = `try{var t=localStorage.getItem('claimbench.theme');if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch(e){}`;
